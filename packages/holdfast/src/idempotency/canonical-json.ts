import { sha256 } from './hash.ts';

/** How deep values may be nested. */
export const MAX_DEPTH = 100;

/** What keeps a value from being written. */
export class NotJsonError extends TypeError {}

/**
 * A value as JSON in one form, in the spirit of RFC 8785: equal values are written equally. Keys are in the order
 * of their UTF-16 code units, there is no white space, and numbers are as JavaScript writes them, so that `1.0` and
 * `1e0` are `1`. As with `JSON.stringify`, `toJSON` is heeded, and members that are undefined or functions are
 * left out. Bytes are written as their hash, in a form that no JSON has.
 *
 * @throws NotJsonError for what is not JSON (NaN, maps, sets, symbols), and for what is nested deeper than
 *   `MAX_DEPTH`, which a circle is.
 */
export function canonicalJson(value: unknown): string {
  const text = written(value, MAX_DEPTH);
  if (text === undefined) throw new NotJsonError(`${typeof value} is not JSON`);
  return text;
}

/** Undefined for what JSON leaves out. */
function written(given: unknown, depth: number): string | undefined {
  const value = replaced(given);
  switch (typeof value) {
    case 'string':
      return quoted(value);
    case 'boolean':
      return String(value);
    case 'number':
      if (!Number.isFinite(value)) throw new NotJsonError(`${value} is not JSON`);
      return String(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? 'null' : compound(value, depth);
    case 'symbol':
      throw new NotJsonError('a symbol is not JSON');
    default:
      return undefined;
  }
}

function compound(value: object, depth: number): string {
  if (depth === 0) throw new NotJsonError(`it is nested deeper than ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    // Not map, which skips holes.
    return `[${Array.from(value, (item) => written(item, depth - 1) ?? 'null').join()}]`;
  }
  // Nearly all are, and asking what others are is dear.
  if (Object.getPrototypeOf(value) !== Object.prototype) {
    const kind = kindOf(value);
    if (kind === 'Uint8Array') return `#${sha256(value as Uint8Array)}`;
    // Their content would go unseen, and all of them would be equal.
    if (kind !== 'Object') throw new NotJsonError(`a ${kind} is not JSON`);
  }
  let members = '';
  for (const key of sorted(Object.keys(value))) {
    const text = written((value as Record<string, unknown>)[key], depth - 1);
    if (text !== undefined) members += `${members === '' ? '' : ','}${quoted(key)}:${text}`;
  }
  return `{${members}}`;
}

/** What JSON escapes in some way, and a little more. */
const ESCAPED = /["\\\p{Cc}\p{Cs}]/u;

/** Most texts are written as they are. */
function quoted(text: string): string {
  return ESCAPED.test(text) ? JSON.stringify(text) : `"${text}"`;
}

/** Sorts in place: by insertion, which for the few keys that most objects have is several times faster. */
function sorted(keys: string[]): string[] {
  if (keys.length > 16) return keys.toSorted();
  for (let end = 1; end < keys.length; end++) {
    const key = keys[end]!;
    let at = end;
    for (; at > 0 && keys[at - 1]! > key; at--) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

/** What an object says to write in its place. Buffers say so too, but are bytes. */
function replaced(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { toJSON } = value as { readonly toJSON?: unknown };
  if (typeof toJSON !== 'function' || kindOf(value) === 'Uint8Array') return value;
  return toJSON.call(value) as unknown;
}

/** `Object`, `Map`, `Uint8Array`: also of another realm, where `instanceof` fails. */
function kindOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
