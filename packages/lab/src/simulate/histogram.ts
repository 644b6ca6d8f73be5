/** Each bucket is 2 % wider than the one before: a value is known to within 1 %. */
const GROWTH = 1.02;
const PER_LOG = 1 / Math.log(GROWTH);
/** A microsecond, in milliseconds; what is shorter is not told from 0. */
const SMALLEST = 1e-3;
/** About 16 days, in milliseconds; what is longer counts as this. */
const LARGEST = 1.4e9;
const OFFSET = Math.log(SMALLEST) * PER_LOG;
const BUCKETS = Math.ceil(Math.log(LARGEST) * PER_LOG - OFFSET) + 2;
/** The value that is within 1 % of both ends of the bucket that ends at 1. */
const MIDDLE = 2 / (1 + GROWTH);

/**
 * Durations in milliseconds, counted in buckets whose width grows with the value (DDSketch, Masson et
 * al., VLDB 2019): percentiles within 1 %, and the same memory for ten values as for ten billion. None is
 * beyond what was added: nobody has waited for longer than all timeouts allow.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #shortest = Infinity;
  #longest = 0;

  /** How many values it holds. */
  get count(): number {
    return this.#count;
  }

  add(value: number, times = 1): void {
    this.#counts[bucketOf(value)]! += times;
    this.#count += times;
    if (value < this.#shortest) this.#shortest = value;
    if (value > this.#longest) this.#longest = value;
  }

  /** Takes in all that another one holds. */
  merge(other: Histogram): void {
    if (other.#count === 0) return;
    for (let index = 0; index < BUCKETS; index++) this.#counts[index]! += other.#counts[index]!;
    this.#count += other.#count;
    this.#shortest = Math.min(this.#shortest, other.#shortest);
    this.#longest = Math.max(this.#longest, other.#longest);
  }

  /** The value that a share of `quantile` (0 to 1) does not exceed, by nearest rank; null of nothing. */
  percentile(quantile: number): number | null {
    if (this.#count === 0) return null;
    return this.ranked(Math.max(1, Math.ceil(quantile * this.#count)));
  }

  /** The value of this rank: the smallest has 1, the largest `count`. */
  ranked(rank: number): number {
    let left = rank;
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.#counts[index]!;
      if (left > 0) continue;
      const middle = index === 0 ? 0 : Math.exp((index + OFFSET) / PER_LOG) * MIDDLE;
      return Math.min(this.#longest, Math.max(this.#shortest, middle));
    }
    throw new Error('A histogram counts fewer values than it was given.');
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#counts.fill(0);
    this.#count = 0;
    this.#shortest = Infinity;
    this.#longest = 0;
  }
}

/** Bucket i > 0 ends at SMALLEST x GROWTH^i. */
function bucketOf(value: number): number {
  if (!(value > SMALLEST)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(value) * PER_LOG - OFFSET));
}
