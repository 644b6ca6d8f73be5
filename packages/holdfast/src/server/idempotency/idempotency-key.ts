/** The longest key, in characters, which are bytes here. */
export const MAX_KEY_LENGTH = 255;

/** What a request's header comes to. `why` is a sentence that does not hold the key. */
export type ReadKey =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed'; readonly why: string };

/** Visible ASCII without quotes and commas: where there is one, several headers were made one, or it is a list. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;
/** A string of RFC 9651, §3.3.3: printable ASCII, with quotes and backslashes escaped; without parameters. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * Reads `Idempotency-Key`: the string of a structured field, as the IETF's draft has it, or bare, as most send
 * it; `"k"` and `k` are the same key.
 */
export function readKey(
  header: string | readonly string[] | undefined,
  minLength: number,
): ReadKey {
  if (header === undefined) return { kind: 'missing' };
  if (typeof header !== 'string') {
    if (header.length === 0) return { kind: 'missing' };
    if (header.length > 1) return malformed('It was sent more than once.');
  }
  const given = typeof header === 'string' ? header : header[0]!;
  // Most are bare, and need not be looked at any closer.
  if (BARE.test(given)) return checked(given, minLength);
  const text = given.replace(/^[ \t]+|[ \t]+$/g, '');
  if (text === '' || text === '""') return malformed('It is empty.');
  // Escapes are at most half of it.
  if (text.length > 2 * MAX_KEY_LENGTH + 2) return malformed(TOO_LONG);
  const quoted = QUOTED.exec(text)?.[1]?.replace(/\\(.)/g, '$1');
  const key = quoted ?? (BARE.test(text) ? text : undefined);
  if (key === undefined) {
    return malformed(
      'It must be one string of printable ASCII, quoted or without commas and spaces.',
    );
  }
  return checked(key, minLength);
}

function checked(key: string, minLength: number): ReadKey {
  if (key.length > MAX_KEY_LENGTH) return malformed(TOO_LONG);
  if (key.length < minLength) return malformed(`It must have at least ${minLength} characters.`);
  return { kind: 'key', key };
}

const TOO_LONG = `It must have at most ${MAX_KEY_LENGTH} characters.`;

function malformed(why: string): ReadKey {
  return { kind: 'malformed', why };
}
