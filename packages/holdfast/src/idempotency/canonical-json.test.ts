import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, MAX_DEPTH, NotJsonError } from './canonical-json.ts';

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('canonicalJson', () => {
  it('sorts keys by UTF-16 code units, and writes no white space', () => {
    expect(canonicalJson({ b: [1, { d: 1, c: 2 }], a: null })).toBe(
      '{"a":null,"b":[1,{"c":2,"d":1}]}',
    );
    // RFC 8785, §3.2.3.
    const names = {
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\ud83d\ude00': 5,
      '\u0080': 6,
      '\u00f6': 7,
    };
    const sorted = [
      '"\\r"',
      '"1"',
      '"\u0080"',
      '"\u00f6"',
      '"\u20ac"',
      '"\ud83d\ude00"',
      '"\ufb33"',
    ];
    const inOrder = sorted.map((name) => canonicalJson(names).indexOf(name));
    expect(inOrder).toEqual(inOrder.toSorted((one, other) => one - other));
  });

  it('writes numbers as JavaScript does', () => {
    expect(canonicalJson(JSON.parse('[1.0, 1e0, -0, 1E30, 0.000001]'))).toBe(
      '[1,1,0,1e+30,0.000001]',
    );
    expect(canonicalJson({ n: 12_345_678_901_234_567_890n })).toBe('{"n":12345678901234567890}');
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('takes __proto__ for a key like any other', () => {
    const value: unknown = JSON.parse('{"__proto__": {"admin": true}, "a": 1}');
    expect(canonicalJson(value)).toBe('{"__proto__":{"admin":true},"a":1}');
    expect(canonicalJson(value)).not.toBe(canonicalJson({ a: 1 }));
  });

  it('heeds toJSON, leaves out what JSON leaves out, and fills holes', () => {
    const value = { at: new Date(0), none: undefined, run: () => 1, list: [undefined, 1] };
    expect(canonicalJson(value)).toBe('{"at":"1970-01-01T00:00:00.000Z","list":[null,1]}');
    expect(canonicalJson(Array(2))).toBe('[null,null]');
  });

  it('writes bytes as their hash, in a form that no JSON has', () => {
    const one = canonicalJson({ file: Buffer.from('one') });
    expect(one).toBe(canonicalJson({ file: new Uint8Array(Buffer.from('one')) }));
    expect(one).not.toBe(canonicalJson({ file: Buffer.from('two') }));
    expect(() => JSON.parse(one)).toThrow(SyntaxError);
  });

  it.each([
    ['a map', new Map([[1, 2]])],
    ['a set', new Set([1])],
    ['NaN', NaN],
    ['a symbol', Symbol('s')],
    ['undefined', undefined],
    ['a promise', Promise.resolve(1)],
    ['a typed array', new Float64Array(1)],
  ])('refuses %s, of which all would look equal', (_what, value) => {
    expect(() => canonicalJson(value)).toThrow(NotJsonError);
    expect(() => canonicalJson({ in: value ?? NaN })).toThrow(NotJsonError);
  });

  it('refuses what is nested too deeply, and circles', () => {
    expect(canonicalJson(nested(MAX_DEPTH))).toHaveLength(2 * MAX_DEPTH);
    expect(() => canonicalJson(nested(MAX_DEPTH + 1))).toThrow(/deeper than 100/);
    expect(() => canonicalJson(nested(100_000))).toThrow(/deeper than 100/);
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => canonicalJson(circle)).toThrow(NotJsonError);
  });
});
