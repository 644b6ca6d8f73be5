/**
 * The last `size` outcomes, each a small set of flags, with running totals per flag: the newest
 * overwrites the oldest.
 */
export class CountWindow {
  readonly #ring: Uint8Array;
  readonly #totals: number[] = [0, 0, 0];
  #next = 0;
  #filled = 0;

  constructor(size: number) {
    this.#ring = new Uint8Array(size);
  }

  /** How many outcomes the window holds. */
  get count(): number {
    return this.#filled;
  }

  /** Adds an outcome with these flags (bits 0 to 2). */
  add(flags: number): void {
    if (this.#filled === this.#ring.length) this.#tally(this.#ring[this.#next]!, -1);
    else this.#filled++;
    this.#ring[this.#next] = flags;
    this.#tally(flags, 1);
    this.#next = (this.#next + 1) % this.#ring.length;
  }

  /** How many of the outcomes have this flag (0 to 2). */
  total(flag: number): number {
    return this.#totals[flag]!;
  }

  /** Forgets everything. */
  clear(): void {
    this.#totals.fill(0);
    this.#next = 0;
    this.#filled = 0;
  }

  #tally(flags: number, change: number): void {
    for (let flag = 0; flag < 3; flag++) {
      if ((flags & (1 << flag)) !== 0) this.#totals[flag]! += change;
    }
  }
}
