import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TimeWindow } from './time-window.ts';

const DURATION = 1000;
const BUCKETS = 10;
const WIDTH = DURATION / BUCKETS;

/** Every count with its time: slow and obviously correct. */
class Model {
  readonly #counted: number[] = [];
  #newest = -1;

  advance(now: number): void {
    this.#newest = Math.max(this.#newest, Math.floor(now / WIDTH));
  }

  add(now: number): void {
    this.advance(now);
    this.#counted.push(this.#newest);
  }

  remove(at: number, now: number): void {
    this.advance(now);
    const bucket = Math.min(this.#newest, Math.floor(at / WIDTH));
    const found = this.#counted.indexOf(bucket);
    if (found >= 0 && bucket > this.#newest - BUCKETS) this.#counted.splice(found, 1);
  }

  clear(): void {
    this.#counted.length = 0;
  }

  get total(): number {
    const oldest = this.#newest - BUCKETS;
    return this.#counted.filter((bucket) => bucket > oldest).length;
  }

  totalAt(now: number): number {
    this.advance(now);
    return this.total;
  }
}

/** Mostly forwards, sometimes far, sometimes a little back. */
const pass = fc.oneof(
  fc.integer({ min: 0, max: 150 }),
  fc.integer({ min: 900, max: 1100 }),
  fc.integer({ min: -80, max: -1 }),
  fc.constant(1e9),
);
const steps = fc.array(
  fc.tuple(fc.constantFrom('add', 'add', 'add', 'remove', 'look', 'clear'), pass),
  { maxLength: 80 },
);

describe('a time window', () => {
  test('counts as a list of all that was counted would', () => {
    fc.assert(
      fc.property(steps, (run) => {
        const window = new TimeWindow(DURATION);
        const neighbour = new TimeWindow(DURATION);
        const model = new Model();
        let now = 0;
        for (const [what, ms] of run) {
          const before = now;
          now = Math.max(0, now + ms);
          for (const counts of [window, model]) {
            if (what === 'add') counts.add(now);
            else if (what === 'remove') counts.remove(before, now);
            else if (what === 'clear') counts.clear();
          }
          const seen = what === 'look' ? window.totalAt(now) : window.total;
          expect(seen).toBe(what === 'look' ? model.totalAt(now) : model.total);
        }
        expect(neighbour.total).toBe(0);
      }),
      { numRuns: 1000 },
    );
  });

  test('covers at least nine tenths of its duration, and no more than all of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), (start) => {
        const window = new TimeWindow(DURATION);
        window.add(start);
        expect(window.totalAt(start + 0.9 * DURATION - 1e-6)).toBe(1);
        expect(window.totalAt(start + DURATION)).toBe(0);
      }),
    );
  });

  test('holds nothing stale after a gap, however long', () => {
    for (const gap of [DURATION, DURATION + 1, 10 * DURATION, 1e12]) {
      const window = new TimeWindow(DURATION);
      for (let now = 0; now < DURATION; now += 10) window.add(now);
      window.add(DURATION + gap);
      expect(window.total).toBe(1);
    }
  });

  test('shares its page with others without disturbing them', () => {
    const windows = Array.from({ length: 1000 }, () => new TimeWindow(DURATION));
    windows.forEach((window, i) => {
      for (let n = 0; n < i % 7; n++) window.add(5000 + n * WIDTH);
    });
    windows.forEach((window, i) => expect(window.total).toBe(i % 7));
    windows.forEach((window, i) => {
      if (i % 2 === 0) window.clear();
    });
    windows.forEach((window, i) => expect(window.total).toBe(i % 2 === 0 ? 0 : i % 7));
  });
});
