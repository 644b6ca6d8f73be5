import type { Table } from './options.ts';

/** Parsed options that are remembered to be shared. */
const REMEMBERED = 256;
const remembered = new Map<string, object>();
/** The table by which an object was parsed, which need not be parsed again. */
const parsedBy = new WeakMap<object, Table>();

/**
 * Objects made with equal options share one: they are never changed, and a fleet of breakers by key
 * would otherwise hold the same numbers ten thousand times. Callbacks and values of users are not
 * data, and not shared.
 */
export function shared<P extends Fields>(table: Table, parsed: P): P {
  const result = isData(table, parsed) ? knownAs(parsed) : parsed;
  parsedBy.set(result, table);
  return result;
}

/** Options that `shared` has answered for this table: they need not be parsed again. */
export function wasParsedBy(table: Table, options: unknown): boolean {
  return parsedBy.get(options as object) === table;
}

/** Options that `shared` has answered, for whatever table. */
export function wasParsed(options: object): boolean {
  return parsedBy.has(options);
}

/** Parsed options of which each nested table shares its object, as `parseOptions` has policies do. */
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

/** Asks the table: a user's value may look like data, and be a Map or a Date. */
function isData(table: Table, parsed: Fields): boolean {
  return Object.entries(table).every(([name, { kind, table: inner }]) => {
    const value = parsed[name];
    if (value === undefined || value === null) return true;
    if (inner !== undefined) return isData(inner, value as Fields);
    return kind !== 'callback' && kind !== 'value';
  });
}
