import {
  LANES,
  type LaneName,
  lengthOf,
  limits,
  type PhaseName,
  type Plan,
  startOf,
} from './plan.ts';
import type { Sample } from './process.ts';

/** What was seen of a lane. */
export interface LaneRecord {
  /** One per checkout, in the order in which they were answered. */
  samples: Sample[];
  /** Attempts that reached the provider, by phase. */
  attempts: number[];
  /** Requests whose key the provider knew, and which were not charged again. */
  caught: number;
  /** Charges of orders that had been charged before. */
  doubled: number;
  /** Checkouts that wait for an answer now. */
  inFlight: number;
  /** The state of the lane's breaker now, or `none`. */
  breaker: string;
}

/** What was seen of a run. */
export interface Recording {
  readonly plan: Plan;
  /** When shoppers came, in milliseconds from the start. */
  readonly arrivals: readonly number[];
  readonly lanes: Readonly<Record<LaneName, LaneRecord>>;
  /** How late the load generator sent its requests: the 99th percentile, in milliseconds. */
  lateness: number;
  /** The longest that each process did not come to its timers, in milliseconds. */
  readonly stalls: Record<string, number>;
}

/** What a phase was like for those who checked out in it. */
export interface PhaseFigures {
  readonly phase: PhaseName;
  readonly offered: number;
  /** Paid, within the time that shoppers wait, as a share of what was offered. */
  readonly goodput: number;
  /** Attempts that reached the provider. */
  readonly attempts: number;
  /** Milliseconds from a shopper's arrival to any answer: the 99th percentile. */
  readonly p99: number;
}

export interface LaneFigures {
  readonly phases: readonly PhaseFigures[];
  readonly paid: number;
  /** Requests whose key the provider knew, and which were not charged again. */
  readonly repeatsCaught: number;
  /** Charges of orders that had been charged before. */
  readonly doubleCharges: number;
  /** The longest that any shopper waited for an answer, in milliseconds. */
  readonly longestWait: number;
  /** Milliseconds from the provider's return to goodput's; null if that did not come. */
  readonly recovery: number | null;
}

/** A run in figures: all that the judge is told. */
export interface Figures {
  readonly plan: Plan;
  readonly offered: number;
  readonly lanes: Readonly<Record<LaneName, LaneFigures>>;
  readonly lateness: number;
  readonly stalls: Readonly<Record<string, number>>;
}

/** Goodput has recovered when this share of what is offered is paid, and goes on being paid. */
const RECOVERED = 0.95;

export function figuresOf({ plan, arrivals, lanes, lateness, stalls }: Recording): Figures {
  const figures = LANES.map((name) => [name, laneFigures(plan, lanes[name])]);
  return { plan, offered: arrivals.length, lanes: Object.fromEntries(figures), lateness, stalls };
}

function laneFigures(plan: Plan, { samples, attempts, caught, doubled }: LaneRecord): LaneFigures {
  const isGood = goodFor(plan);
  const phases = plan.phases.map(({ name, length }, index) => {
    const begin = startOf(plan, name);
    const calls = samples.filter(([at]) => at >= begin && at < begin + length);
    return {
      phase: name,
      offered: calls.length,
      goodput: share(calls, isGood),
      attempts: attempts[index]!,
      p99: percentile(calls.map(latencyOf), 0.99),
    };
  });
  return {
    phases,
    paid: samples.filter(isGood).length,
    repeatsCaught: caught,
    doubleCharges: doubled,
    longestWait: Math.max(...samples.map(latencyOf)),
    recovery: recoveryOf(plan, samples),
  };
}

/** A shopper waits as long as one attempt may take. */
export function goodFor(plan: Plan): (sample: Sample) => boolean {
  const patience = limits(plan).attempt;
  return ([, latency, paid]) => paid && latency <= patience;
}

/**
 * The first moment from which on goodput is what is offered again: over the 5 s (in life) that
 * follow, and over all the rest.
 */
function recoveryOf(plan: Plan, samples: readonly Sample[]): number | null {
  const back = startOf(plan, 'back');
  const second = 1000 / plan.speedup;
  const isGood = goodFor(plan);
  const rest = samples.filter(([at]) => at >= back).toSorted(([a], [b]) => a - b);
  for (let from = back; from < lengthOf(plan) - 5 * second; from += second / 5) {
    const later = rest.filter(([at]) => at >= from);
    const soon = later.filter(([at]) => at < from + 5 * second);
    if (share(soon, isGood) >= RECOVERED && share(later, isGood) >= RECOVERED) return from - back;
  }
  return null;
}

function share(samples: readonly Sample[], isGood: (sample: Sample) => boolean): number {
  return samples.filter(isGood).length / samples.length;
}

function latencyOf([, latency]: Sample): number {
  return latency;
}

/** The value that this share of all values do not exceed; NaN for none. */
export function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(rank * sorted.length) - 1] ?? NaN;
}
