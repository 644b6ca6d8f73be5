import type { Table } from './options.ts';

/** How many parsed options are remembered, to be shared. */
const REMEMBERED = 256;
const remembered = new Map<string, object>();
/** By parsed object: the table by which it was parsed. By that table it need not be parsed again. */
const parsedBy = new WeakMap<object, Table>();

/**
 * One object for equal parsed options, which nobody changes: a breaker for each of ten thousand keys
 * would otherwise hold the same numbers ten thousand times. Options that hold a user's callback or
 * value are not shared.
 */
export function shared<P extends Fields>(table: Table, parsed: P): P {
  const result = isData(table, parsed) ? knownAs(parsed) : parsed;
  parsedBy.set(result, table);
  return result;
}

/** Whether `shared` has answered these options for this table: then they need not be parsed again. */
export function wasParsedBy(table: Table, options: unknown): boolean {
  return parsedBy.get(options as object) === table;
}

/** Whether `shared` has answered these options, for whatever table. */
export function wasParsed(options: object): boolean {
  return parsedBy.has(options);
}

/** Parsed options whose nested options are shared, as `parseOptions` shares those of single policies. */
export function withSharedParts<P extends Fields>(table: Table, parsed: P): P {
  const result: Record<string, unknown> = { ...parsed };
  for (const [name, { table: inner }] of Object.entries(table)) {
    const part = parsed[name] as Fields | null | undefined;
    if (inner !== undefined && part) result[name] = shared(inner, withSharedParts(inner, part));
  }
  return result as P;
}

function knownAs<P extends Fields>(parsed: P): P {
  const key = JSON.stringify(parsed);
  const known = remembered.get(key);
  if (known !== undefined) return known as P;
  if (remembered.size < REMEMBERED) remembered.set(key, parsed);
  return parsed;
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether all of it is data, by the table: a user's value may be a Map or a Date, and look like data. */
function isData(table: Table, parsed: Fields): boolean {
  return Object.entries(table).every(([name, { kind, table: inner }]) => {
    const value = parsed[name];
    if (value === undefined || value === null) return true;
    if (inner !== undefined) return isData(inner, value as Fields);
    return kind !== 'callback' && kind !== 'value';
  });
}
