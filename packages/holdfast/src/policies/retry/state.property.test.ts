import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../runtime/random.ts';
import type { ParsedBackoff } from './options.ts';
import { jitteredWait, plainWait } from './state.ts';

const HUGE = Number.MAX_SAFE_INTEGER;
const MILLION = 1_000_000;

const time = fc.oneof(
  fc.constantFrom(0, 1, 100, 5000, 2 ** 31, HUGE),
  // Of less than a thousandth, floats may have no half.
  fc.double({ min: 1e-3, max: HUGE, noNaN: true }),
);
const failures = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: MILLION }));
const kind = fc.constantFrom('exponential' as const, 'linear' as const, 'constant' as const);
const jitter = fc.constantFrom(
  'full' as const,
  'decorrelated' as const,
  'proportional' as const,
  'equal' as const,
  'none' as const,
);
const backoff: fc.Arbitrary<ParsedBackoff> = fc.record({
  kind,
  jitter,
  base: time,
  max: time,
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  custom: fc.constant(undefined),
});

const draws = (value: number) => ({ next: () => value, fork: () => draws(value) });
/** The largest number that `Random.next` answers, and the smallest. */
const extremes = [0, 1 - 2 ** -32, 1 - Number.EPSILON / 2];

const options = (given: Partial<ParsedBackoff>): ParsedBackoff => ({
  kind: 'exponential',
  base: 100,
  factor: 2,
  max: 5000,
  jitter: 'none',
  custom: undefined,
  ...given,
});

/** What many waits of one kind look like. */
function sample(given: ParsedBackoff, n: number, previous: number) {
  const random = seededRandom('sample');
  const waits = Array.from({ length: 20_000 }, () => jitteredWait(given, n, previous, random));
  const mean = waits.reduce((sum, wait) => sum + wait) / waits.length;
  return { mean, min: Math.min(...waits), max: Math.max(...waits) };
}

describe('a wait', () => {
  test('is finite, not negative, and never above max, whatever the options and the attempt', () => {
    fc.assert(
      fc.property(
        backoff,
        failures,
        time,
        fc.constantFrom(...extremes),
        (given, n, before, draw) => {
          const wait = jitteredWait(given, n, Math.min(before, given.max), draws(draw));
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(given.max);
        },
      ),
    );
  });

  test('grows with each failure before jitter, until it stays at max', () => {
    fc.assert(
      fc.property(backoff, failures, (given, n) => {
        const wait = plainWait(given, n);
        expect(plainWait(given, n + 1)).toBeGreaterThanOrEqual(wait);
        expect(plainWait(given, 1)).toBe(Math.min(given.base, given.max));
      }),
    );
  });

  test('is what the formula of its kind says, in exact numbers', () => {
    const big = fc.record({
      base: fc.integer({ min: 0, max: 1000 }),
      factor: fc.integer({ min: 1, max: 100 }),
      max: fc.integer({ min: 0, max: HUGE }),
      n: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(kind, big, (which, { base, factor, max, n }) => {
        const exact = {
          constant: BigInt(base),
          linear: BigInt(base) * BigInt(n),
          exponential: BigInt(base) * BigInt(factor) ** BigInt(n - 1),
        }[which];
        const bounded = Number(exact < BigInt(max) ? exact : BigInt(max));
        const wait = plainWait(options({ kind: which, base, factor, max }), n);
        expect(Math.abs(wait - bounded)).toBeLessThanOrEqual(bounded * 1e-12);
      }),
    );
  });

  test('does not overflow at the millionth attempt, nor with base 0 or the largest factor', () => {
    expect(plainWait(options({ factor: 100 }), MILLION)).toBe(5000);
    expect(plainWait(options({ factor: 100, base: 0 }), MILLION)).toBe(0);
    expect(plainWait(options({ factor: 1 }), MILLION)).toBe(100);
    expect(plainWait(options({ kind: 'linear', max: HUGE, base: HUGE }), MILLION)).toBe(HUGE);
    expect(jitteredWait(options({ base: 0, jitter: 'decorrelated' }), MILLION, 0, draws(0.9))).toBe(
      0,
    );
  });

  test.each([
    [250, 250],
    [0, 0],
    [-1, 0],
    [NaN, 0],
    [-Infinity, 0],
    [Infinity, 5000],
    ['soon', 0],
  ])('of a custom function that answers %s is %i', (answer, wait) => {
    const custom = (): number => answer as number;
    expect(plainWait(options({ kind: 'custom', custom }), 3)).toBe(wait);
  });

  test('of a custom function depends on the number of failures', () => {
    const given = options({ kind: 'custom', custom: (n) => 10 * n });
    expect(plainWait(given, 7)).toBe(70);
  });
});

describe('jitter', () => {
  // The third wait before jitter is 400; the one before it was 200.
  test.each<[ParsedBackoff['jitter'], { from: number; to: number; mean: number }]>([
    ['full', { from: 0, to: 400, mean: 200 }],
    ['equal', { from: 200, to: 400, mean: 300 }],
    ['proportional', { from: 320, to: 480, mean: 400 }],
    ['decorrelated', { from: 100, to: 600, mean: 350 }],
    ['none', { from: 400, to: 400, mean: 400 }],
  ])('%s spreads over its range, evenly about its mean', (which, { from, to, mean }) => {
    const waits = sample(options({ jitter: which }), 3, 200);
    const near = (to - from) * 0.01;
    expect(waits.min).toBeGreaterThanOrEqual(from);
    expect(waits.min).toBeLessThanOrEqual(from + near);
    expect(waits.max).toBeLessThanOrEqual(to);
    expect(waits.max).toBeGreaterThanOrEqual(to - near);
    expect(Math.abs(waits.mean - mean)).toBeLessThanOrEqual(near);
  });

  test('proportional still spreads where waits have reached max', () => {
    const { min, max, mean } = sample(options({ jitter: 'proportional' }), 50, 5000);
    expect([Math.round(min / 10), Math.round(max / 10)]).toEqual([333, 500]);
    expect(Math.abs(mean - 5000 / 1.2)).toBeLessThan(20);
  });

  test('decorrelated begins between base and three times base, and remembers no growth but the last wait', () => {
    const given = options({ jitter: 'decorrelated' });
    const first = sample(given, 1, 0);
    const later = sample(given, 9, 0);
    expect(first).toEqual(later);
    expect(first.min).toBeGreaterThanOrEqual(100);
    expect(first.max).toBeLessThanOrEqual(300);
    expect(Math.abs(first.mean - 200)).toBeLessThan(2);
  });

  test('takes one draw a wait, so that a run can be repeated', () => {
    for (const which of ['full', 'equal', 'proportional', 'decorrelated'] as const) {
      let taken = 0;
      const counting = { next: () => ++taken / 10, fork: () => counting };
      jitteredWait(options({ jitter: which }), 2, 100, counting);
      expect(taken).toBe(1);
    }
  });
});
