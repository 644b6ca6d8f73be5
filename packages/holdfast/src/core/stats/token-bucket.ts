/** In floating point, 0.1 added ten times is a little less than 1, and counts as a token all the same. */
const ROUNDING = 1e-9;

/**
 * Tokens that come in at a steady rate, or are earned, up to a capacity. Time is told, never read.
 * It starts full.
 */
export class TokenBucket {
  readonly #capacity: number;
  readonly #perMs: number;
  #tokens: number;
  #toldAt: number | null = null;

  /** @param perSecond what comes in by itself; 0 for a bucket that is only earned. */
  constructor(capacity: number, perSecond: number) {
    this.#capacity = capacity;
    this.#perMs = perSecond / 1000;
    this.#tokens = capacity;
  }

  /** What is in the bucket at this time. */
  level(now: number): number {
    this.#fill(now);
    return this.#tokens;
  }

  /** Whether a whole token is there. */
  has(now: number): boolean {
    return this.level(now) >= 1 - ROUNDING;
  }

  /** Takes one token, if a whole one is there. */
  take(now: number): boolean {
    if (!this.has(now)) return false;
    this.#tokens = Math.max(0, this.#tokens - 1);
    return true;
  }

  /** Puts tokens in: earned ones, or one that was taken and not used. */
  put(tokens: number): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + tokens);
  }

  #fill(now: number): void {
    if (this.#toldAt !== null && now > this.#toldAt) this.put((now - this.#toldAt) * this.#perMs);
    if (this.#toldAt === null || now > this.#toldAt) this.#toldAt = now;
  }
}
