import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimeWindow } from './time-window.ts';

const DURATION = 1000;
const BUCKETS = 10;
const WIDTH = DURATION / BUCKETS;

/** Every count with its time: slow and obviously correct. */
class Model {
  readonly #counted: { readonly counter: number; readonly bucket: number }[] = [];
  #newest = -1;

  advance(now: number): void {
    this.#newest = Math.max(this.#newest, Math.floor(now / WIDTH));
  }

  add(counter: number, now: number): void {
    this.advance(now);
    this.#counted.push({ counter, bucket: this.#newest });
  }

  remove(counter: number, at: number, now: number): void {
    this.advance(now);
    const bucket = Math.min(this.#newest, Math.floor(at / WIDTH));
    const found = this.#counted.findIndex(
      (one) => one.counter === counter && one.bucket === bucket,
    );
    if (found >= 0 && bucket > this.#newest - BUCKETS) this.#counted.splice(found, 1);
  }

  clear(): void {
    this.#counted.length = 0;
  }

  total(counter: number): number {
    const oldest = this.#newest - BUCKETS;
    return this.#counted.filter((one) => one.counter === counter && one.bucket > oldest).length;
  }
}

const counter = fc.integer({ min: 0, max: 2 });
/** Mostly forwards, sometimes far, sometimes a little back. */
const pass = fc.oneof(
  fc.integer({ min: 0, max: 150 }),
  fc.integer({ min: 900, max: 1100 }),
  fc.integer({ min: -80, max: -1 }),
  fc.constant(1e9),
);
const steps = fc.array(
  fc.tuple(fc.constantFrom('add', 'add', 'add', 'remove', 'look', 'clear'), counter, pass),
  { maxLength: 80 },
);

describe('a time window', () => {
  test('counts as a list of all that was counted would', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const window = new TimeWindow(DURATION, 3, BUCKETS);
        const neighbour = new TimeWindow(DURATION, 3, BUCKETS);
        const model = new Model();
        let now = 0;
        for (const [what, which, ms] of run) {
          const before = now;
          now = Math.max(0, now + ms);
          for (const counts of [window, model]) {
            if (what === 'add') counts.add(which, now);
            else if (what === 'remove') counts.remove(which, before, now);
            else if (what === 'clear') counts.clear();
            else counts.advance(now);
          }
          for (const each of [0, 1, 2]) expect(window.total(each)).toBe(model.total(each));
        }
        expect([0, 1, 2].map((each) => neighbour.total(each))).toEqual([0, 0, 0]);
      }),
      { numRuns: 1000 },
    );
  });

  test('covers at least nine tenths of its duration, and no more than all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), (start) => {
        const window = new TimeWindow(DURATION, 1);
        window.add(0, start);
        window.advance(start + 0.9 * DURATION - 1e-6);
        expect(window.total(0)).toBe(1);
        window.advance(start + DURATION);
        expect(window.total(0)).toBe(0);
      }),
    );
  });

  test('holds nothing stale after a gap, however long', () => {
    for (const gap of [DURATION, DURATION + 1, 10 * DURATION, 1e12]) {
      const window = new TimeWindow(DURATION, 1);
      for (let now = 0; now < DURATION; now += 10) window.add(0, now);
      window.add(0, DURATION + gap);
      expect(window.total(0)).toBe(1);
    }
  });

  test('shares its page with others without disturbing them', () => {
    const windows = Array.from({ length: 1000 }, () => new TimeWindow(DURATION, 3));
    windows.forEach((window, i) => {
      for (let n = 0; n < i % 7; n++) window.add(i % 3, 5000);
    });
    windows.forEach((window, i) => {
      expect(window.total(i % 3)).toBe(i % 7);
      expect(window.total((i + 1) % 3)).toBe(0);
    });
  });

  test('may be larger than a page', () => {
    const window = new TimeWindow(DURATION, 3, 5000);
    window.add(2, 0);
    window.add(2, DURATION - 0.1);
    expect(window.total(2)).toBe(2);
    window.advance(2 * DURATION);
    expect(window.total(2)).toBe(0);
  });
});
