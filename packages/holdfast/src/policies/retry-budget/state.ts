import { TimeWindow } from '../../core/stats/time-window.ts';
import { TokenBucket } from '../../core/stats/token-bucket.ts';
import type { ParsedRetryBudget } from './options.ts';

/** The right to one extra attempt: where it came from, which is where a refund goes, and when. */
export interface Charge {
  readonly source: 'earned' | 'floor';
  readonly at: number;
}

/** Thirteen buckets of 5 s hold a whole minute at any time, since the newest is still filling. */
const CAP_WINDOW = 65_000;
const CAP_BUCKETS = 13;

/**
 * How many extra attempts are allowed: at most `ratio` per earning, plus a floor of one at a time,
 * and never more than the cap per minute. Pure: it is told the time.
 *
 * The floor is a token bucket of burst 1 and not a reserve over the window: a reserve lets a whole
 * window's worth go at once, just when a dependency fails. It fills by time alone, so a budget that
 * nothing earns any more still lets a retry through now and then, and so finds out.
 */
export class BudgetState {
  readonly #earnings: Earnings;
  readonly #floorPerSecond: number;
  readonly #cap: number;
  // Both made at the first charge, since most budgets are never charged: until then the floor is
  // full and the minute is empty.
  #floor: TokenBucket | null = null;
  #minute: TimeWindow | null = null;

  constructor(options: ParsedRetryBudget) {
    const { kind, floorPerSecond, capPerMinute } = options;
    this.#earnings = kind === 'window' ? new WindowEarnings(options) : new TokenEarnings(options);
    this.#floorPerSecond = floorPerSecond;
    this.#cap = capPerMinute;
  }

  /** A call that earns has happened. */
  earn(now: number): void {
    this.#earnings.earn(now);
  }

  /** Would an extra attempt be allowed now? */
  allows(now: number): boolean {
    return this.#sourceNow(now) !== null;
  }

  /** Takes the right to one extra attempt, or null. */
  charge(now: number): Charge | null {
    const source = this.#sourceNow(now);
    if (source === null) return null;
    if (source === 'earned') this.#earnings.take(now);
    else (this.#floor ??= new TokenBucket(1, this.#floorPerSecond)).take(now);
    if (this.#cap > 0) (this.#minute ??= new TimeWindow(CAP_WINDOW, 1, CAP_BUCKETS)).add(0, now);
    return { source, at: now };
  }

  /** Gives back what was charged for an attempt that was never started. */
  refund({ source, at }: Charge, now: number): void {
    if (source === 'earned') this.#earnings.putBack(at, now);
    else this.#floor!.put(1);
    this.#minute?.remove(0, at, now);
  }

  /** The share of what is allowed that is used up: 0 to 1, and 1 exactly while nothing is allowed. */
  utilisation(now: number): number {
    if (!this.allows(now)) return 1;
    const most = this.#earnings.most(now) + (this.#floorPerSecond > 0 ? 1 : 0);
    const floor = this.#floor?.level(now) ?? (this.#floorPerSecond > 0 ? 1 : 0);
    const left = Math.max(0, this.#earnings.left(now)) + floor;
    return Math.max(1 - left / most, this.#usedOfCap(now));
  }

  #sourceNow(now: number): Charge['source'] | null {
    if (this.#usedOfCap(now) >= 1) return null;
    if (this.#earnings.has(now)) return 'earned';
    return (this.#floor?.has(now) ?? this.#floorPerSecond > 0) ? 'floor' : null;
  }

  #usedOfCap(now: number): number {
    if (this.#minute === null) return 0;
    this.#minute.advance(now);
    return this.#minute.total(0) / this.#cap;
  }
}

/** Extra attempts that earlier calls have paid for. */
interface Earnings {
  earn(now: number): void;
  /** Is there one at least? */
  has(now: number): boolean;
  /** Takes one that is there. */
  take(now: number): void;
  /** Puts back one that was taken at `at`. */
  putBack(at: number, now: number): void;
  /** How many are there. */
  left(now: number): number;
  /** How many there would be if none had been taken. */
  most(now: number): number;
}

/** Counters of the window. */
const EARNED = 0;
const TAKEN = 1;
/** 0.29 times 100 is a little less than 29. */
const ROUNDING = 1e-9;

/** `ratio` of what earned within a sliding window, less what was taken within it. */
class WindowEarnings implements Earnings {
  readonly #window: TimeWindow;
  readonly #ratio: number;

  constructor({ window, ratio }: ParsedRetryBudget) {
    this.#window = new TimeWindow(window, 2);
    this.#ratio = ratio;
  }

  earn(now: number): void {
    this.#window.add(EARNED, now);
  }

  has(now: number): boolean {
    return this.left(now) >= 1;
  }

  take(now: number): void {
    this.#window.add(TAKEN, now);
  }

  putBack(at: number, now: number): void {
    this.#window.remove(TAKEN, at, now);
  }

  left(now: number): number {
    return this.most(now) - this.#window.total(TAKEN);
  }

  most(now: number): number {
    this.#window.advance(now);
    return Math.floor(this.#ratio * this.#window.total(EARNED) + ROUNDING);
  }
}

/** A bucket that starts full: `ratio` of a token per earning, one per extra attempt. */
class TokenEarnings implements Earnings {
  readonly #bucket: TokenBucket;
  readonly #ratio: number;
  readonly #capacity: number;

  constructor({ capacity, ratio }: ParsedRetryBudget) {
    this.#bucket = new TokenBucket(capacity, 0);
    this.#ratio = ratio;
    this.#capacity = capacity;
  }

  earn(): void {
    this.#bucket.put(this.#ratio);
  }

  has(now: number): boolean {
    return this.#bucket.has(now);
  }

  take(now: number): void {
    this.#bucket.take(now);
  }

  putBack(): void {
    this.#bucket.put(1);
  }

  left(now: number): number {
    return this.#bucket.level(now);
  }

  most(): number {
    return this.#capacity;
  }
}
