import type { Criticality, Verdict } from 'holdfast';
import { Histogram } from './histogram.ts';

/** Requests of users that came in one stretch of time, and how they ended. */
export interface Cohort {
  arrivals: number;
  /** Still without an answer, which could come in time: neither good nor lost. */
  open: number;
  good: number;
}

/** What users met in one phase. */
export interface UsersTally extends Cohort {
  readonly durations: Histogram;
  /** Who had no answer when the run ended, by the point in which they came. */
  readonly unended: Float64Array;
}

/** What happened at a service in one phase, or in one step of the series; rejections by criticality. */
export interface ServiceTally extends Record<Criticality, number> {
  arrivals: number;
  /** Arrivals that would have been, had nobody retried. */
  firsts: number;
  /** Milliseconds of work, and of work whose caller had given up. */
  worked: number;
  wasted: number;
  /** Effects that happened again, and repeats that had none because of their key. */
  duplicates: number;
  recognised: number;
  /** Requests x milliseconds. */
  waiting: number;
  busy: number;
  /** The most that waited at once. */
  waitingMax: number;
}

/** What happened on an edge in one phase; what became of a call counts where it began. */
export interface EdgeTally {
  calls: number;
  attempts: number;
  good: number;
  failures: number;
  refused: number;
  /** Calls that have not ended: those that may yet end well, and those that nobody waits for any more. */
  open: number;
  hung: number;
  readonly verdicts: Partial<Record<Verdict, number>>;
  /** Of the calls that were not refused. */
  readonly durations: Histogram;
  /** Calls that had no end when the run was over, by the point in which they began. */
  readonly unended: Float64Array;
}

/** @param points of the series, here and below. */
export function usersTally(points: number): UsersTally {
  const unended = new Float64Array(points);
  return { arrivals: 0, open: 0, good: 0, durations: new Histogram(), unended };
}

export function serviceTally(): ServiceTally {
  return {
    arrivals: 0,
    firsts: 0,
    critical_plus: 0,
    critical: 0,
    sheddable_plus: 0,
    sheddable: 0,
    worked: 0,
    wasted: 0,
    duplicates: 0,
    recognised: 0,
    waiting: 0,
    busy: 0,
    waitingMax: 0,
  };
}

export function edgeTally(points: number): EdgeTally {
  return {
    calls: 0,
    attempts: 0,
    good: 0,
    failures: 0,
    refused: 0,
    open: 0,
    hung: 0,
    verdicts: {},
    durations: new Histogram(),
    unended: new Float64Array(points),
  };
}

/** All tallies as one. */
export function sumOfUsers(tallies: readonly UsersTally[], points: number): UsersTally {
  const sum = usersTally(points);
  for (const tally of tallies) {
    sum.arrivals += tally.arrivals;
    sum.open += tally.open;
    sum.good += tally.good;
    sum.durations.merge(tally.durations);
    tally.unended.forEach((count, point) => (sum.unended[point]! += count));
  }
  return sum;
}

export function sumOfServices(tallies: readonly ServiceTally[]): ServiceTally {
  const sum = serviceTally();
  for (const tally of tallies) {
    const waitingMax = Math.max(sum.waitingMax, tally.waitingMax);
    for (const key of Object.keys(sum) as (keyof ServiceTally)[]) sum[key] += tally[key];
    sum.waitingMax = waitingMax;
  }
  return sum;
}

export function sumOfEdges(tallies: readonly EdgeTally[], points: number): EdgeTally {
  const sum = edgeTally(points);
  for (const tally of tallies) {
    sum.calls += tally.calls;
    sum.attempts += tally.attempts;
    sum.good += tally.good;
    sum.failures += tally.failures;
    sum.refused += tally.refused;
    sum.open += tally.open;
    sum.hung += tally.hung;
    sum.durations.merge(tally.durations);
    tally.unended.forEach((count, point) => (sum.unended[point]! += count));
    for (const [verdict, count] of Object.entries(tally.verdicts) as [Verdict, number][]) {
      sum.verdicts[verdict] = (sum.verdicts[verdict] ?? 0) + count;
    }
  }
  return sum;
}
