import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

/** Counts in thousandths of a token, in whole numbers, millisecond by millisecond. */
class Model {
  readonly #capacity: number;
  readonly #perMs: number;
  #level: number;
  #now = 0;

  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity * 1000;
    this.#perMs = perSecond;
    this.#level = this.#capacity;
  }

  pass(now: number): void {
    for (; this.#now < now; this.#now++) this.put(this.#perMs);
  }

  put(thousandths: number): void {
    this.#level = Math.min(this.#capacity, this.#level + thousandths);
  }

  take(): boolean {
    if (this.#level < 1000) return false;
    this.#level -= 1000;
    return true;
  }

  get level(): number {
    return this.#level / 1000;
  }
}

describe('a token bucket', () => {
  test('holds what one that counts each millisecond would', () => {
    const step = fc.tuple(
      fc.constantFrom('take', 'take', 'put', 'look'),
      fc.integer({ min: -50, max: 700 }),
      fc.integer({ min: 1, max: 2000 }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 0, max: 40 }),
        fc.array(step, { maxLength: 40 }),
        (capacity, perSecond, run) => {
          const bucket = new TokenBucket(capacity, perSecond);
          const model = new Model(capacity, perSecond);
          let now = 0;
          expect(bucket.level(now)).toBe(capacity);
          for (const [what, ms, thousandths] of run) {
            now = Math.max(0, now + ms);
            model.pass(now);
            if (what === 'put') {
              // Told the time first, as whoever earns has been.
              bucket.level(now);
              bucket.put(thousandths / 1000);
              model.put(thousandths);
            }
            const took = what === 'take' && [bucket.take(now), model.take()];
            expect(took).not.toEqual([true, false]);
            expect(took).not.toEqual([false, true]);
            expect(bucket.level(now)).toBeCloseTo(model.level, 6);
            expect(bucket.has(now)).toBe(model.level >= 1);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('gives a token when tenths have made one, in spite of their rounding', () => {
    const bucket = new TokenBucket(1, 0);
    expect(bucket.take(0)).toBe(true);
    for (let i = 0; i < 10; i++) bucket.put(0.1);
    expect(bucket.take(0)).toBe(true);
    expect(bucket.level(0)).toBe(0);
  });

  test('without a rate is filled only by what is earned', () => {
    const bucket = new TokenBucket(2, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(1e9)]).toEqual([true, true, false]);
    bucket.put(1);
    expect(bucket.take(1e9)).toBe(true);
  });
});
