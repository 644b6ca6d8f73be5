/** Counters of one window are carved from shared pages, since small typed arrays cost more than they hold. */
const PAGE_WORDS = 4096;

let page = new Uint32Array(PAGE_WORDS);
let used = 0;

/**
 * Counts over the last `duration` milliseconds, in a ring of buckets with running totals: adding
 * and asking cost the same whatever was counted. The window covers between (buckets − 1)/buckets of
 * its duration and all of it.
 *
 * Time is told, never read; after a gap only what is still inside counts. A reading older than the
 * newest one counts as the newest.
 */
export class TimeWindow {
  readonly #cells: Uint32Array;
  readonly #offset: number;
  readonly #counters: number;
  readonly #buckets: number;
  readonly #width: number;
  /** The number of the newest bucket since time began. */
  #newest = -1;

  constructor(duration: number, counters: number, buckets: number = 10) {
    // The totals come first, then the buckets.
    const words = counters * (buckets + 1);
    if (used + words > PAGE_WORDS) {
      page = new Uint32Array(Math.max(PAGE_WORDS, words));
      used = 0;
    }
    this.#cells = page;
    this.#offset = used;
    used += words;
    this.#counters = counters;
    this.#buckets = buckets;
    this.#width = duration / buckets;
  }

  /** Counts one, at a time that is not before any told so far. */
  add(counter: number, now: number): void {
    this.advance(now);
    const cell = this.#bucket(this.#newest) + counter;
    this.#cells[cell]!++;
    this.#cells[this.#offset + counter]!++;
  }

  /** Takes one back that was counted at `at`, if that is still inside the window. */
  remove(counter: number, at: number, now: number = at): void {
    this.advance(now);
    const bucket = Math.min(this.#newest, Math.floor(at / this.#width));
    if (bucket <= this.#newest - this.#buckets) return;
    const cell = this.#bucket(bucket) + counter;
    if (this.#cells[cell] === 0) return;
    this.#cells[cell]!--;
    this.#cells[this.#offset + counter]!--;
  }

  /** How many were counted within the window that ends at the last time told. */
  total(counter: number): number {
    return this.#cells[this.#offset + counter]!;
  }

  /** Lets go of what has left the window by now. */
  advance(now: number): void {
    const newest = Math.floor(now / this.#width);
    const gap = newest - this.#newest;
    if (gap <= 0) return;
    if (this.#newest >= 0) {
      const stale = Math.min(gap, this.#buckets);
      for (let i = 1; i <= stale; i++) this.#empty(this.#newest + i);
    }
    this.#newest = newest;
  }

  /** Forgets everything. */
  clear(): void {
    const words = this.#counters * (this.#buckets + 1);
    this.#cells.fill(0, this.#offset, this.#offset + words);
  }

  #bucket(number: number): number {
    return this.#offset + this.#counters * (1 + (number % this.#buckets));
  }

  #empty(number: number): void {
    const bucket = this.#bucket(number);
    for (let counter = 0; counter < this.#counters; counter++) {
      this.#cells[this.#offset + counter]! -= this.#cells[bucket + counter]!;
      this.#cells[bucket + counter] = 0;
    }
  }
}
