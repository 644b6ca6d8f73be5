import { CountWindow } from '../../core/stats/count-window.ts';
import { TimeWindow } from '../../core/stats/time-window.ts';
import type { ParsedCircuitBreaker } from './options.ts';

/** How many calls were counted, and how many of them were bad. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/**
 * What a breaker remembers of the calls that it let through while closed. It is told the time, and
 * handed its options each time, since the breaker keeps them anyway.
 */
export interface Outcomes {
  /** Remembers one call. True when it was a bad one, and there are now too many of those. */
  record(
    failed: boolean,
    slow: boolean,
    now: number,
    minimumCalls: number,
    options: ParsedCircuitBreaker,
  ): boolean;
  /** Forgets all. */
  clear(): void;
  /** What is remembered now. */
  totals(now: number): Tally;
}

export function outcomesOf(options: ParsedCircuitBreaker): Outcomes {
  switch (options.kind) {
    case 'time':
      return new TimedOutcomes(options.window);
    case 'count':
      return new CountedOutcomes(options.windowCalls);
    case 'consecutive':
      return new ConsecutiveOutcomes(options.consecutiveFailures);
  }
}

/** Whether the shares of failures or slow calls are too large, with at least `minimum` calls to judge by. */
function tooMany(
  { failureRate, slowCallRate }: ParsedCircuitBreaker,
  { calls, failures, slow }: Tally,
  minimum: number,
): boolean {
  if (calls < minimum) return false;
  // Divided: 7 of 100 is exactly 0.07, while 0.07 x 100 is a little more than 7.
  return failures / calls >= failureRate || (slowCallRate > 0 && slow / calls >= slowCallRate);
}

/** The base class counts all calls. The windows of bad ones are made for the first: most breakers never see one. */
class TimedOutcomes extends TimeWindow implements Outcomes {
  #failures: TimeWindow | null = null;
  #slow: TimeWindow | null = null;

  record(
    failed: boolean,
    slow: boolean,
    now: number,
    minimumCalls: number,
    options: ParsedCircuitBreaker,
  ): boolean {
    this.add(now);
    if (!failed && !slow) return false;
    const { window } = options;
    if (failed) (this.#failures ??= new TimeWindow(window)).add(now);
    if (slow) (this.#slow ??= new TimeWindow(window)).add(now);
    return tooMany(options, this.totals(now), minimumCalls);
  }

  override clear(): void {
    super.clear();
    this.#failures?.clear();
    this.#slow?.clear();
  }

  totals(now: number): Tally {
    return {
      calls: this.totalAt(now),
      failures: this.#failures?.totalAt(now) ?? 0,
      slow: this.#slow?.totalAt(now) ?? 0,
    };
  }
}

class CountedOutcomes implements Outcomes {
  readonly #window: CountWindow;

  constructor(windowCalls: number) {
    this.#window = new CountWindow(windowCalls);
  }

  record(
    failed: boolean,
    slow: boolean,
    _now: number,
    minimumCalls: number,
    options: ParsedCircuitBreaker,
  ): boolean {
    const window = this.#window;
    window.add((failed ? 1 : 0) | (slow ? 2 : 0));
    if (!failed && !slow) return false;
    const minimum = Math.min(minimumCalls, options.windowCalls);
    return tooMany(options, this.totals(), minimum);
  }

  clear(): void {
    this.#window.clear();
  }

  totals(): Tally {
    const window = this.#window;
    return { calls: window.count, failures: window.total(0), slow: window.total(1) };
  }
}

class ConsecutiveOutcomes implements Outcomes {
  readonly #limit: number;
  #failures = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  record(failed: boolean): boolean {
    if (!failed) {
      this.#failures = 0;
      return false;
    }
    return ++this.#failures >= this.#limit;
  }

  clear(): void {
    this.#failures = 0;
  }

  totals(): Tally {
    return { calls: this.#failures, failures: this.#failures, slow: 0 };
  }
}
