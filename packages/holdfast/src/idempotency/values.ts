import { disregard, isThenable } from '../core/edge.ts';
import { show } from '../core/options.ts';

/** Before every value: what this version writes. */
const VERSION = 'v1 ';
/** All that is kept where the value was too long. */
const UNKEPT = 'v1-';

/** A value of a record, or why there is none: it was too long, or another version wrote it. */
export type KeptValue =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'not-replayable' | 'unreadable-record' };

/**
 * A value of `idempotent` as it is kept: as the fact that there was one, if its JSON is longer than `limit`.
 *
 * @param what it is, for messages.
 * @throws TypeError for what is no JSON.
 */
export function encodeValue(value: unknown, limit: number, what: string): string {
  const json = jsonOf(value, what);
  return json.length > limit ? UNKEPT : VERSION + json;
}

/** Reads a record's result. */
export function decodeValue(result: string): KeptValue {
  if (result === UNKEPT) return { kind: 'not-replayable' };
  if (!result.startsWith(VERSION)) return { kind: 'unreadable-record' };
  return { kind: 'value', value: JSON.parse(result.slice(VERSION.length)) as unknown };
}

/**
 * JSON of what was answered or given; undefined as null.
 *
 * @param what it is, for messages.
 * @throws TypeError for what is no JSON.
 */
export function jsonOf(value: unknown, what: string): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`${what} must be JSON: ${why}`, { cause });
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

/** How those are told of who say what an execution came to. */
const SAID_BY = { reconcile: 'reconcile must answer', settle: 'settle must be given' } as const;

/**
 * What an execution came to, as somebody has found out, ready to be kept. It is final, so what is likely a mistake is
 * refused.
 *
 * @throws TypeError where there is no result, or none that can be kept; whatever `encode` throws.
 */
export function foundResult(
  found: { readonly result: unknown },
  encode: (result: unknown) => string,
  by: keyof typeof SAID_BY,
): string {
  // A misspelt one would be kept as none.
  if (!('result' in found)) {
    throw new TypeError(
      `${SAID_BY[by]} a result with outcome 'done': undefined where there is none`,
    );
  }
  // It would be kept as `{}`.
  if (isThenable(found.result)) {
    disregard(found.result);
    throw new TypeError(`${SAID_BY[by]} a result, got a promise: it must be awaited`);
  }
  const result = encode(found.result);
  const wrong = wrongResult(result, `${by}: what encode answers`);
  if (wrong !== null) throw wrong;
  return result;
}
