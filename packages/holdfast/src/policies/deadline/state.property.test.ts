import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowance } from './state.ts';

const time = fc.double({ min: 0, max: 2 ** 40, noNaN: true });

describe('the time of a nested call', () => {
  test('is never longer than its own, and ends 10 ms and 5 % before its parent', () => {
    fc.assert(
      fc.property(time, time, (own, left) => {
        const allowed = allowance(own, left);
        expect(allowed).toBeLessThanOrEqual(own);
        expect(allowed).toBeLessThanOrEqual(left - 10);
        expect(allowed).toBeLessThanOrEqual(left * 0.95 + 1e-3);
      }),
    );
  });

  test('is no shorter than it must be', () => {
    fc.assert(
      fc.property(time, time, (own, left) => {
        const bounds = [own, left - 10, left - 0.05 * left];
        expect(allowance(own, left)).toBe(Math.min(...bounds));
      }),
    );
  });

  test.each([
    [4000, Infinity, 4000],
    [4000, 10_000, 4000],
    [4000, 1000, 950],
    [4000, 100, 90],
    [50, 100, 50],
    [4000, 10, 0],
    [4000, 0, -10],
    [0, Infinity, 0],
  ])('of %d ms, with %d ms left to the parent, is %d ms', (own, left, allowed) => {
    expect(allowance(own, left)).toBe(allowed);
  });
});
