import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_KEY_LENGTH, readKey } from './idempotency-key.ts';

const keyOf = (header: string | readonly string[] | undefined, min = 1) => {
  const read = readKey(header, min);
  return read.kind === 'key' ? read.key : read.kind;
};

describe('readKey', () => {
  it.each([
    ['k', 'k'],
    ['"k"', 'k'],
    [' "a b,c" ', 'a b,c'],
    [String.raw`"say \"hi\" \\o/"`, String.raw`say "hi" \o/`],
    ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
    ['a/b+c==:;{}', 'a/b+c==:;{}'],
    ['k'.repeat(MAX_KEY_LENGTH), 'k'.repeat(MAX_KEY_LENGTH)],
  ])('reads %s', (header, key) => {
    expect(keyOf(header)).toBe(key);
    expect(keyOf([header])).toBe(key);
  });

  it('knows when there is none', () => {
    expect(keyOf(undefined)).toBe('missing');
    expect(keyOf([])).toBe('missing');
  });

  it.each([
    ['empty', ''],
    ['blank', '  '],
    ['an empty string', '""'],
    ['a list', 'a, b'],
    ['a list without blanks', 'a,b'],
    ['a list of strings', '"a", "b"'],
    ['sent twice', ['a', 'a']],
    ['an open string', '"a'],
    ['a string with more behind it', '"a"b'],
    ['a string with parameters', '"a";p=1'],
    ['a wrong escape', String.raw`"a\n"`],
    ['a control character', 'a\u0001b'],
    ['a control character in a string', '"a\tb"'],
    ['not ASCII', 'caf\u00e9'],
    ['a space in a bare one', 'a b'],
    ['too long', 'k'.repeat(MAX_KEY_LENGTH + 1)],
    ['too long as a string', `"${'k'.repeat(MAX_KEY_LENGTH + 1)}"`],
    ['far too long', '\\"'.repeat(1_000_000)],
  ])('refuses one that is %s, in words that do not hold it', (_what, header) => {
    expect(readKey(header, 1)).toEqual({
      kind: 'malformed',
      why: expect.stringMatching(/^It [a-zA-Z0-9 ,]+\.$/) as string,
    });
  });

  it('refuses one that is shorter than it may be', () => {
    expect(keyOf('k'.repeat(15), 16)).toBe('malformed');
    expect(keyOf(`"${'k'.repeat(15)}"`, 16)).toBe('malformed');
    expect(keyOf('k'.repeat(16), 16)).toBe('k'.repeat(16));
  });

  it('reads every key of printable ASCII as a string, escaped', () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: MAX_KEY_LENGTH,
    });
    fc.assert(
      fc.property(printable, (key) => {
        const written = `"${key.replace(/["\\]/g, '\\$&')}"`;
        expect(keyOf(written)).toBe(key);
      }),
    );
  });
});
