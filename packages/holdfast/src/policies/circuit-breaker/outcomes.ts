import { CountWindow } from '../../core/stats/count-window.ts';
import { TimeWindow } from '../../core/stats/time-window.ts';
import type { ParsedCircuitBreaker } from './options.ts';

/** How many calls were counted, and how many of them were bad. */
export interface Tally {
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/** What a breaker remembers of the calls it let through while closed. Told the time, never reads it. */
export interface Outcomes {
  /** Remembers one; true when it is a bad one and there are now too many. */
  record(failed: boolean, slow: boolean, now: number, minimumCalls: number): boolean;
  /** Forgets all. */
  clear(): void;
  /** What is remembered now. */
  totals(now: number): Tally;
}

export function outcomesOf(options: ParsedCircuitBreaker): Outcomes {
  switch (options.kind) {
    case 'time':
      return new TimedOutcomes(options);
    case 'count':
      return new CountedOutcomes(options);
    case 'consecutive':
      return new ConsecutiveOutcomes(options.consecutiveFailures);
  }
}

/** Whether the shares of failures or slow calls are too large, with at least `minimum` calls to judge by. */
function tooMany(
  { failureRate, slowCallRate }: ParsedCircuitBreaker,
  calls: number,
  failures: number,
  slow: number,
  minimum: number,
): boolean {
  if (calls < minimum) return false;
  // Divided: 7 of 100 is exactly 0.07, while 0.07 x 100 is a little more than 7.
  return failures / calls >= failureRate || (slowCallRate > 0 && slow / calls >= slowCallRate);
}

const CALLS = 0;
const FAILURES = 1;
const SLOW = 2;

class TimedOutcomes implements Outcomes {
  readonly #options: ParsedCircuitBreaker;
  readonly #window: TimeWindow;

  constructor(options: ParsedCircuitBreaker) {
    this.#options = options;
    this.#window = new TimeWindow(options.window, 3);
  }

  record(failed: boolean, slow: boolean, now: number, minimumCalls: number): boolean {
    const window = this.#window;
    window.add(CALLS, now);
    if (!failed && !slow) return false;
    if (failed) window.add(FAILURES, now);
    if (slow) window.add(SLOW, now);
    return tooMany(
      this.#options,
      window.total(CALLS),
      window.total(FAILURES),
      window.total(SLOW),
      minimumCalls,
    );
  }

  clear(): void {
    this.#window.clear();
  }

  totals(now: number): Tally {
    const window = this.#window;
    window.advance(now);
    return {
      calls: window.total(CALLS),
      failures: window.total(FAILURES),
      slow: window.total(SLOW),
    };
  }
}

class CountedOutcomes implements Outcomes {
  readonly #options: ParsedCircuitBreaker;
  readonly #window: CountWindow;

  constructor(options: ParsedCircuitBreaker) {
    this.#options = options;
    this.#window = new CountWindow(options.windowCalls);
  }

  record(failed: boolean, slow: boolean, _now: number, minimumCalls: number): boolean {
    const window = this.#window;
    window.add((failed ? 1 : 0) | (slow ? 2 : 0));
    if (!failed && !slow) return false;
    const minimum = Math.min(minimumCalls, this.#options.windowCalls);
    return tooMany(this.#options, window.count, window.total(0), window.total(1), minimum);
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
