import { TimeWindow } from '../../core/stats/time-window.ts';
import { TokenBucket } from '../../core/stats/token-bucket.ts';
import type { ParsedRetryBudget } from './options.ts';

/** Where the right to an extra attempt came from; a refund goes back there. */
export type Charge = 'earned' | 'floor';

/** Counters of the window. */
const EARNED = 0;
const SPENT = 1;
const CAP_BUCKETS = 12;

/**
 * How many extra attempts are allowed: at most `ratio` per earning, plus a floor of one at a time,
 * and never more than the cap per minute. Pure: it is told the time.
 *
 * The floor is a token bucket of burst 1 and not a reserve over the window: a reserve lets a whole
 * window's worth go at once, just when a dependency fails.
 */
export class BudgetState {
  readonly #ratio: number;
  readonly #cap: number;
  readonly #window: TimeWindow | null;
  readonly #bucket: TokenBucket | null;
  readonly #capacity: number;
  readonly #floor: TokenBucket | null;
  readonly #minute: TimeWindow | null;

  constructor(options: ParsedRetryBudget) {
    const { kind, ratio, window, capacity, floorPerSecond, capPerMinute } = options;
    this.#ratio = ratio;
    this.#cap = capPerMinute;
    this.#capacity = capacity;
    this.#window = kind === 'window' ? new TimeWindow(window, 2) : null;
    this.#bucket = kind === 'token-bucket' ? new TokenBucket(capacity, 0) : null;
    this.#floor = floorPerSecond > 0 ? new TokenBucket(1, floorPerSecond) : null;
    this.#minute = capPerMinute > 0 ? new TimeWindow(60_000, 1, CAP_BUCKETS) : null;
  }

  /** A call that earns has happened. */
  earn(now: number): void {
    if (this.#window !== null) this.#window.add(EARNED, now);
    else this.#bucket!.put(this.#ratio);
  }

  /** Would an extra attempt be allowed now? */
  allows(now: number): boolean {
    return !this.#capped(now) && (this.#earnedLeft(now) >= 1 || this.#floorLeft(now) >= 1);
  }

  /** Takes the right to one extra attempt, or null. */
  charge(now: number): Charge | null {
    if (this.#capped(now)) return null;
    let charge: Charge;
    if (this.#earnedLeft(now) >= 1) {
      charge = 'earned';
      if (this.#window !== null) this.#window.add(SPENT, now);
      else this.#bucket!.take(now);
    } else if (this.#floor?.take(now) === true) {
      charge = 'floor';
    } else {
      return null;
    }
    this.#minute?.add(0, now);
    return charge;
  }

  /** Gives back what was charged for an attempt that was never started. */
  refund(charge: Charge, now: number): void {
    if (charge === 'floor') this.#floor!.put(1);
    else if (this.#window !== null) this.#window.remove(SPENT, now);
    else this.#bucket!.put(1);
    this.#minute?.remove(0, now);
  }

  /** The share of what is allowed that is used up, 0 to 1. */
  utilisation(now: number): number {
    if (this.#capped(now)) return 1;
    if (this.#bucket !== null) return 1 - this.#bucket.level(now) / this.#capacity;
    const allowed = this.#allowed(now);
    if (allowed < 1) return this.#floorLeft(now) >= 1 ? 0 : 1;
    return Math.min(1, this.#window!.total(SPENT) / allowed);
  }

  #earnedLeft(now: number): number {
    if (this.#bucket !== null) return this.#bucket.level(now);
    return this.#allowed(now) - this.#window!.total(SPENT);
  }

  #allowed(now: number): number {
    this.#window!.advance(now);
    return Math.floor(this.#ratio * this.#window!.total(EARNED));
  }

  #floorLeft(now: number): number {
    return this.#floor?.level(now) ?? 0;
  }

  #capped(now: number): boolean {
    if (this.#minute === null) return false;
    this.#minute.advance(now);
    return this.#minute.total(0) >= this.#cap;
  }
}
