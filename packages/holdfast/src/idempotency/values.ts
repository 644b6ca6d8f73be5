import { show } from '../core/options.ts';

/** Before every value: what this version writes. */
const VERSION = 'v1 ';
/** All that is kept where the value was too long. */
const UNKEPT = 'v1-';

/** A value of a record, or why there is none: it was too long, or another version wrote it. */
export type KeptValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'not-replayable' | 'unreadable-record' };

/** A value of `idempotent` as it is kept: as the fact that there was one, if its JSON is longer than `limit`. */
export function encodeValue(value: unknown, limit: number): string {
  const json = jsonOf(value, 'idempotent work');
  return json.length > limit ? UNKEPT : VERSION + json;
}

/** Reads a record's result. */
export function decodeValue(result: string): KeptValue {
  if (result === UNKEPT) return { kind: 'not-replayable' };
  if (!result.startsWith(VERSION)) return { kind: 'unreadable-record' };
  return { kind: 'value', value: JSON.parse(result.slice(VERSION.length)) as unknown };
}

/**
 * JSON of what work or a step has answered; undefined as null.
 *
 * @throws TypeError for what is no JSON.
 */
export function jsonOf(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`what ${what} answers must be JSON: ${why}`, { cause });
  }
}

/**
 * Why not every store would keep a result as it is; null if each does. PostgreSQL refuses NUL, and half of a surrogate
 * pair has no UTF-8.
 */
export function wrongResult(result: string, what: string): TypeError | null {
  if (typeof result !== 'string') {
    return new TypeError(`${what} must be a string, got ${show(result)}`);
  }
  if (!result.includes('\0') && result.isWellFormed()) return null;
  return new TypeError(
    `${what} must be a string without NUL or half of a surrogate pair: JSON.stringify escapes them`,
  );
}
