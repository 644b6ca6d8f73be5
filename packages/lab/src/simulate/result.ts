import type { Criticality } from 'holdfast';
import type { Expectation } from '../spec/model.ts';
import type { Trigger } from './trigger.ts';

/**
 * What one run of one scenario in one lane with one seed came to. Plain JSON: the report, the
 * terminal and `--json` all read this. Times are virtual milliseconds from the start of the run,
 * rates are per second, shares are 0 to 1; a percentile of nothing is null.
 */
export interface RunResult {
  readonly scenario: string;
  readonly lane: string;
  readonly seed: number;
  readonly duration: number;
  /** Milliseconds between two points of every series. */
  readonly step: number;
  readonly phases: readonly Phase[];
  readonly faults: readonly FaultBand[];
  /** What disturbs the run, which its verdict is about; null if nothing does. */
  readonly trigger: Trigger | null;
  readonly users: readonly UsersResult[];
  readonly services: readonly ServiceResult[];
  readonly edges: readonly EdgeResult[];
  readonly verdict: Verdict;
  /**
   * From this moment on load alone failed users, without the faults as well, so that verdict and recoveries are about
   * what was before; null if there was no such moment.
   */
  readonly judgedUntil: number | null;
  readonly expectations: readonly JudgedExpectation[];
  /** Calls that ended, attempts that started, events of the simulation: how much was done. */
  readonly work: { readonly calls: number; readonly attempts: number; readonly events: number };
}

/** Before, during and after the faults; a scenario without faults has `before` only. */
export interface Phase {
  readonly name: 'before' | 'fault' | 'after';
  readonly from: number;
  readonly to: number;
}

export interface FaultBand {
  readonly kind: string;
  /** The service that it happens to; the two sides of a partition, as `web, admin | stock`. */
  readonly on: string;
  readonly from: number;
  readonly to: number;
}

/** What users met. Counted in the phase, and at the point, in which they came. */
export interface UsersResult {
  readonly name: string;
  readonly total: UserFigures;
  readonly byPhase: Readonly<Record<string, UserFigures>>;
  readonly series: {
    readonly arrivals: readonly number[];
    /** Good answers within their patience, a second; null where all who came could still get one when the run ended. */
    readonly goodput: readonly (number | null)[];
    readonly p50: readonly (number | null)[];
    readonly p99: readonly (number | null)[];
  };
  /**
   * Milliseconds from the end of what disturbs the run until goodput is 95 % of what it was, and stays there;
   * null: not within the run.
   */
  readonly recovery: number | null;
}

export interface UserFigures {
  readonly arrivals: number;
  /** Share of arrivals that got a good answer within their patience; null where nobody could have one yet. */
  readonly goodput: number | null;
  /**
   * How long they waited. Who never got an answer waited longest: null if it is the time of one of these. Who
   * may still get one in time when the run ends is left out, unless they have waited longer already.
   */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly atLeast: LeastTimes;
}

/**
 * The least that the percentiles come to: who had no answer when the run ended counts with the time waited by
 * then. null where nobody came.
 */
export type LeastTimes = Readonly<Record<'p50' | 'p95' | 'p99', number | null>>;

export interface ServiceResult {
  readonly name: string;
  readonly total: ServiceFigures;
  readonly byPhase: Readonly<Record<string, ServiceFigures>>;
  readonly series: {
    readonly arrivals: readonly number[];
    /** Waiting requests, mean over the step, all replicas. */
    readonly queue: readonly number[];
    /** Requests that are worked on, mean over the step, all replicas. */
    readonly busy: readonly number[];
    /** Requests that reached it / users' requests that would have, had nobody retried. */
    readonly amplification: readonly (number | null)[];
  };
}

export interface ServiceFigures {
  readonly arrivals: number;
  /** Requests that reached it / requests that would have, had nobody retried. */
  readonly amplification: number | null;
  /** Turned away by a full queue, or dropped. */
  readonly rejected: number;
  /** The same by criticality: who was shed. */
  readonly rejectedBy: Readonly<Record<Criticality, number>>;
  /** Share of its work whose caller had given up. */
  readonly wasted: number;
  /** Effects that happened a second time: nobody remembered a key. */
  readonly duplicates: number;
  /** Repeated requests that did nothing, since the service remembered their key. */
  readonly recognised: number;
  /** Mean of waiting requests, and the most that waited at once. */
  readonly queue: number;
  readonly queueMax: number;
  /** Share of its workers' time in use. */
  readonly utilisation: number;
}

export interface EdgeResult {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly total: EdgeFigures;
  readonly byPhase: Readonly<Record<string, EdgeFigures>>;
  readonly series: {
    readonly calls: readonly number[];
    readonly attempts: readonly number[];
    readonly failures: readonly number[];
    readonly p99: readonly (number | null)[];
    /** Share of the callers' breakers that are not closed at the point's end; null without breakers. */
    readonly open: readonly (number | null)[];
    /** Mean utilisation of the callers' retry budgets at the point's end; null without. */
    readonly budget: readonly (number | null)[];
    /** Calls in the callers' bulkheads at the point's end. */
    readonly inFlight: readonly number[];
  };
}

/** What became of calls counts in the phase in which they began. */
export interface EdgeFigures {
  readonly calls: number;
  readonly attempts: number;
  readonly attemptsPerCall: number | null;
  /** Calls that failed, or that had gone on for longer than any user's patience when the run ended. */
  readonly failures: number;
  /** Those of the failures that were refused without an attempt. */
  readonly refused: number;
  /** Calls that had not ended when the run did, and may yet end well. */
  readonly open: number;
  /** How attempts ended, by verdict. */
  readonly verdicts: Readonly<Record<string, number>>;
  /** How long the calls took that were not refused; null if it is the time of one that never ended. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly atLeast: LeastTimes;
}

/**
 * What became of goodput under the fault, which is whatever disturbs the run (`RunResult.trigger`): the faults that
 * come and go; without any, a change of load; without that, the fault that lasts throughout.
 *
 * - `stable`: it never fell below 95 % of its mean before the fault for a whole second, by more than chance.
 * - `degraded`: it did, and was back by the fault's end; after a change of load, also some time later.
 * - `recovers`: it did, and was back some time after the fault's end.
 * - `metastable`: it was below 90 % throughout the last half of the time after the fault, which was at least 20 x as
 *   long as the fault, while a run without the fault is stable.
 * - `unsettled`: it has not come back, as far as so many requests can show, and there was too little time to call it
 *   metastable; or nothing was good before the fault; or nobody had an answer yet when the run ended.
 */
export interface Verdict {
  readonly kind: 'stable' | 'degraded' | 'recovers' | 'metastable' | 'unsettled';
  /** Milliseconds, with `recovers`. */
  readonly after: number | null;
}

export interface JudgedExpectation extends Pick<Expectation, 'text' | 'bound' | 'is'> {
  /** null if it could not be evaluated, for want of anything to measure or of time: it does not hold then. */
  readonly value: number | null;
  /** The value is only a lower bound: the recovery, or an answer, had not come when the run ended. */
  readonly endless: boolean;
  readonly holds: boolean;
}
