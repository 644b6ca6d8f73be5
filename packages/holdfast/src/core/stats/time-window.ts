/** How many buckets every window has. */
const BUCKETS = 10;
/** What a window takes of a page: the total comes first, then the buckets. */
const WORDS = 1 + BUCKETS;
/** Windows are carved from shared pages, since small typed arrays cost more than they hold. */
const PAGE_WORDS = 372 * WORDS;

let page = new Uint32Array(PAGE_WORDS);
let used = 0;

/**
 * A count over the last `duration` milliseconds, in a ring of ten buckets with a running total:
 * adding and asking cost the same whatever was counted. The window covers between nine tenths of its
 * duration and all of it.
 *
 * Time is told, never read; after a gap only what is still inside counts. A reading older than the
 * newest one counts as the newest.
 */
export class TimeWindow {
  readonly #cells: Uint32Array;
  readonly #offset: number;
  readonly #width: number;
  /** The number of the newest bucket since time began. */
  #newest = -1;

  constructor(duration: number) {
    if (used === PAGE_WORDS) {
      page = new Uint32Array(PAGE_WORDS);
      used = 0;
    }
    this.#cells = page;
    this.#offset = used;
    used += WORDS;
    this.#width = duration / BUCKETS;
  }

  /** Counts one, at a time that is not before any told so far. */
  add(now: number): void {
    this.advance(now);
    this.#cells[bucketOf(this.#offset, this.#newest)]!++;
    this.#cells[this.#offset]!++;
  }

  /** Takes one back that was counted at `at`, if that is still inside the window. */
  remove(at: number, now: number = at): void {
    this.advance(now);
    const number = Math.min(this.#newest, Math.floor(at / this.#width));
    if (number <= this.#newest - BUCKETS) return;
    const bucket = bucketOf(this.#offset, number);
    if (this.#cells[bucket] === 0) return;
    this.#cells[bucket]!--;
    this.#cells[this.#offset]!--;
  }

  /** How many were counted within the window that ends at the last time told. */
  get total(): number {
    return this.#cells[this.#offset]!;
  }

  /** The same for the window that ends now. */
  totalAt(now: number): number {
    this.advance(now);
    return this.total;
  }

  /** Lets go of what has left the window by now. */
  advance(now: number): void {
    const newest = Math.floor(now / this.#width);
    const gap = newest - this.#newest;
    if (gap <= 0) return;
    if (this.#newest >= 0) {
      const stale = Math.min(gap, BUCKETS);
      for (let i = 1; i <= stale; i++) {
        empty(this.#cells, this.#offset, bucketOf(this.#offset, this.#newest + i));
      }
    }
    this.#newest = newest;
  }

  /** Forgets everything. */
  clear(): void {
    this.#cells.fill(0, this.#offset, this.#offset + WORDS);
  }
}

// Functions, not private methods, which would put a mark on each instance.

function bucketOf(offset: number, number: number): number {
  return offset + 1 + (number % BUCKETS);
}

function empty(cells: Uint32Array, offset: number, bucket: number): void {
  cells[offset]! -= cells[bucket]!;
  cells[bucket] = 0;
}
