import { TimeWindow } from '../../core/stats/time-window.ts';
import { TokenBucket } from '../../core/stats/token-bucket.ts';
import type { ParsedRetryBudget } from './options.ts';

/** The right to one extra attempt: where it came from, which is where a refund goes, and when. */
export interface Charge {
  readonly source: 'earned' | 'floor';
  readonly at: number;
}

/** In milliseconds. Nine tenths of it, which are always in the window, are a whole minute. */
const CAP_WINDOW = 67_000;

/**
 * How many extra attempts are allowed: at most `ratio` per earning, plus a floor of one at a time,
 * and never more than the cap per minute. Pure: it is told the time.
 *
 * The floor is a token bucket of burst 1 and not a reserve over the window: a reserve lets a whole
 * window's worth go at once, just when a dependency fails. It fills by time alone, so a budget that
 * nothing earns any more still lets a retry through now and then, and so finds out.
 */
export class BudgetState {
  readonly options: ParsedRetryBudget;
  readonly #earnings: Earnings;
  // Both made at the first charge, since most budgets are never charged: until then the floor is
  // full and the minute is empty.
  #floor: TokenBucket | null = null;
  #minute: TimeWindow | null = null;

  constructor(options: ParsedRetryBudget) {
    this.options = options;
    this.#earnings =
      options.kind === 'window'
        ? new WindowEarnings(options.window)
        : new TokenEarnings(options.capacity);
  }

  /** A call that earns has been made. */
  earn(now: number): void {
    this.#earnings.earn(now, this.options);
  }

  /** Whether an extra attempt is allowed now. */
  allows(now: number): boolean {
    return this.sourceAt(now) !== null;
  }

  /** Takes the right to one extra attempt; null if none is allowed. */
  charge(now: number): Charge | null {
    const source = this.sourceAt(now);
    if (source === null) return null;
    const { floorPerSecond, capPerMinute } = this.options;
    if (source === 'earned') this.#earnings.take(now, this.options);
    else (this.#floor ??= new TokenBucket(1, floorPerSecond)).take(now);
    if (capPerMinute > 0) (this.#minute ??= new TimeWindow(CAP_WINDOW)).add(now);
    return { source, at: now };
  }

  /** Gives back what was charged for an attempt that was never started. */
  refund({ source, at }: Charge, now: number): void {
    if (source === 'earned') this.#earnings.putBack(at, now);
    else this.#floor!.put(1);
    this.#minute?.remove(at, now);
  }

  /** The share of what is allowed that is used up: 0 to 1, and 1 exactly while nothing is allowed. */
  utilisationAt(now: number): number {
    if (!this.allows(now)) return 1;
    const { options } = this;
    const wholeFloor = options.floorPerSecond > 0 ? 1 : 0;
    const most = this.#earnings.most(now, options) + wholeFloor;
    const floor = this.#floor?.level(now) ?? wholeFloor;
    const left = Math.max(0, this.#earnings.left(now, options)) + floor;
    return Math.max(1 - left / most, usedOfCap(this.#minute, options, now));
  }

  /** Where an extra attempt would come from now; null if none is allowed. */
  sourceAt(now: number): Charge['source'] | null {
    if (usedOfCap(this.#minute, this.options, now) >= 1) return null;
    if (this.#earnings.has(now, this.options)) return 'earned';
    return (this.#floor?.has(now) ?? this.options.floorPerSecond > 0) ? 'floor' : null;
  }
}

function usedOfCap(minute: TimeWindow | null, options: ParsedRetryBudget, now: number): number {
  return minute === null ? 0 : minute.totalAt(now) / options.capPerMinute;
}

/** Extra attempts that earlier calls have earned. It is handed its options each time, since the budget keeps them anyway. */
interface Earnings {
  earn(now: number, options: ParsedRetryBudget): void;
  /** Whether there is at least one. */
  has(now: number, options: ParsedRetryBudget): boolean;
  /** Takes one that is there. */
  take(now: number, options: ParsedRetryBudget): void;
  /** Puts back one that was taken at `at`. */
  putBack(at: number, now: number): void;
  /** How many are there. */
  left(now: number, options: ParsedRetryBudget): number;
  /** How many there would be if none had been taken. */
  most(now: number, options: ParsedRetryBudget): number;
}

/** In floating point, 0.29 times 100 is a little less than 29. */
const ROUNDING = 1e-9;

/** `ratio` for each earning within a sliding window, less what was taken within it. The base class counts the earnings. */
class WindowEarnings extends TimeWindow implements Earnings {
  /** Made when one is first taken: most budgets never see that. */
  #taken: TimeWindow | null = null;

  earn(now: number): void {
    this.add(now);
  }

  has(now: number, options: ParsedRetryBudget): boolean {
    return this.left(now, options) >= 1;
  }

  take(now: number, { window }: ParsedRetryBudget): void {
    (this.#taken ??= new TimeWindow(window)).add(now);
  }

  putBack(at: number, now: number): void {
    this.#taken!.remove(at, now);
  }

  left(now: number, options: ParsedRetryBudget): number {
    return this.most(now, options) - (this.#taken?.totalAt(now) ?? 0);
  }

  most(now: number, { ratio }: ParsedRetryBudget): number {
    return Math.floor(ratio * this.totalAt(now) + ROUNDING);
  }
}

/** A bucket that starts full: each earning puts `ratio` of a token in, each extra attempt takes one out. */
class TokenEarnings implements Earnings {
  readonly #bucket: TokenBucket;

  constructor(capacity: number) {
    this.#bucket = new TokenBucket(capacity, 0);
  }

  earn(_now: number, { ratio }: ParsedRetryBudget): void {
    this.#bucket.put(ratio);
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

  most(_now: number, { capacity }: ParsedRetryBudget): number {
    return capacity;
  }
}
