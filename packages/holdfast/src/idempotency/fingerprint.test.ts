import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fingerprintOf } from './fingerprint.ts';

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
}

describe('fingerprintOf', () => {
  it('is 43 characters of URL-safe base64', () => {
    expect(fingerprintOf({ amount: 5 })).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(fingerprintOf(new Uint8Array([1]))).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  it('is the same in any order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(fingerprintOf(reversed(value))).toBe(fingerprintOf(value));
      }),
    );
  });

  it('is another for every other value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(fingerprintOf(one) === fingerprintOf(other)).toBe(asText(one) === asText(other));
      }),
    );
    const order = { amount: 5, to: ['a', 'b'] };
    for (const other of [
      { amount: 6, to: ['a', 'b'] },
      { amount: '5', to: ['a', 'b'] },
      { amount: 5, to: ['b', 'a'] },
      { amount: 5, to: ['a', 'b'], tip: null },
      { amount: 5 },
    ]) {
      expect(fingerprintOf(other)).not.toBe(fingerprintOf(order));
    }
  });

  it('takes bytes as they are', () => {
    expect(fingerprintOf(Buffer.from('{"a":1}'))).not.toBe(fingerprintOf(Buffer.from('{"a": 1}')));
    expect(fingerprintOf(Buffer.from('{"a":1}'))).toBe(
      fingerprintOf(new TextEncoder().encode('{"a":1}')),
    );
  });

  it('refuses what it could not tell from other values', () => {
    expect(() => fingerprintOf(new Map())).toThrow(TypeError);
    expect(() => fingerprintOf(undefined)).toThrow(TypeError);
  });
});

const asText = (value: unknown) => JSON.stringify(sorted(value));

/** By another way than the one under test: entries in a list, sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)] as const);
  return { entries: entries.toSorted(([one], [other]) => (one < other ? -1 : 1)) };
}
