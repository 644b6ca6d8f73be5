import { jsonOf } from './steps.ts';

/** Before every value: what this version writes. */
const VERSION = 'v1 ';

/** A value of `idempotent` as it is kept. */
export function encodeValue(value: unknown): string {
  return VERSION + jsonOf(value, 'idempotent work');
}

/** The value of a record; undefined, as a whole, for one that another version wrote. */
export function decodeValue(result: string): { readonly value: unknown } | undefined {
  if (!result.startsWith(VERSION)) return undefined;
  return { value: JSON.parse(result.slice(VERSION.length)) as unknown };
}
