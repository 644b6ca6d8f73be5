import type { Criticality } from 'holdfast';
import { CRITICALITIES } from 'holdfast/spec';
import type { Scenario } from '../spec/model.ts';
import { judgeExpectations } from './expectations.ts';
import { Histogram } from './histogram.ts';
import type { EdgeRecord, Recorder, ServiceRecord, UsersRecord } from './recorder.ts';
import type {
  EdgeFigures,
  EdgeResult,
  LeastTimes,
  Phase,
  RunResult,
  ServiceFigures,
  ServiceResult,
  UserFigures,
  UsersResult,
  Verdict,
} from './result.ts';
import {
  type Cohort,
  type EdgeTally,
  type ServiceTally,
  sumOfEdges,
  sumOfServices,
  sumOfUsers,
  type UsersTally,
} from './tallies.ts';
import { lengthOf, type Timeline } from './timeline.ts';
import type { Trigger } from './trigger.ts';

/** What a run was, and what was counted in it. */
export interface Finished {
  readonly scenario: Scenario;
  readonly lane: string;
  readonly seed: number;
  readonly recorder: Recorder;
  readonly events: number;
  readonly trigger: Trigger | null;
  readonly verdict: Verdict;
  readonly judgedUntil: number | null;
  /** Of each of the users, in the order of the spec. */
  readonly recoveries: readonly (number | null)[];
}

/** The result of a finished run. Its numbers have six significant digits. */
export function resultOf(finished: Finished): RunResult {
  const { scenario, lane, seed, recorder, events, trigger, verdict, judgedUntil, recoveries } =
    finished;
  const { timeline, calls, attempts } = recorder;
  const users = [...recorder.users.values()];
  const result: RunResult = {
    scenario: scenario.name,
    lane,
    seed,
    duration: timeline.duration,
    step: timeline.step,
    phases: timeline.phases,
    faults: timeline.faults,
    trigger,
    users: users.map((record, i) => usersResult(record, recorder, recoveries[i] ?? null)),
    services: Array.from(recorder.services.values(), (record) => serviceResult(record, timeline)),
    edges: Array.from(recorder.edges.values(), (record) => edgeResult(record, timeline)),
    verdict: { kind: verdict.kind, after: round(verdict.after) },
    judgedUntil: round(judgedUntil),
    expectations: [],
    work: { calls, attempts, events },
  };
  return { ...result, expectations: judgeExpectations(scenario.expectations, result) };
}

function usersResult(
  record: UsersRecord,
  { timeline, cohortLength }: Recorder,
  recovery: number | null,
): UsersResult {
  const points = cohortsByPoint(record.cohorts, Math.round(timeline.step / cohortLength));
  const rate = (value: number, point: number): number => perSecond(value, timeline, point);
  const { duration, warmUp, step } = timeline;
  const stillWaiting = waitingAtEnd(record.cohorts, cohortLength, duration);
  const ofPoint = (quantile: number) => (cohort: Cohort, point: number) => {
    const waiting = stillWaiting(point * step, (point + 1) * step);
    return percentile(quantile, cohort, record.durations[point], waiting);
  };
  return {
    name: record.users.name,
    total: userFigures(
      sumOfUsers(record.phases.slice(1), timeline.points),
      stillWaiting(warmUp, duration),
      timeline,
    ),
    byPhase: byPhase(timeline, record.phases, (tally, { from, to }) =>
      userFigures(tally, stillWaiting(from, to), timeline),
    ),
    series: {
      arrivals: points.map((cohort, point) => rate(cohort.arrivals, point)),
      goodput: points.map((cohort, point) => {
        const good = expectedGood(cohort);
        return good === null ? null : rate(good, point);
      }),
      p50: points.map(ofPoint(0.5)),
      p99: points.map(ofPoint(0.99)),
    },
    recovery: round(recovery),
  };
}

/** How many requests had no answer when the run ended, and had waited longer than this. */
type StillWaiting = (than: number) => number;

/** `StillWaiting` for the requests that came in a stretch of time. */
function waitingAtEnd(
  cohorts: readonly Cohort[],
  length: number,
  end: number,
): (from: number, to: number) => StillWaiting {
  const waiting = cohorts
    // As long as the last one of the cohort has waited.
    .map(({ open }, index) => ({ open, at: index * length, waited: end - (index + 1) * length }))
    .filter(({ open }) => open > 0);
  return (from, to) => (than) =>
    waiting
      .filter(({ at, waited }) => at >= from && at < to && waited > than)
      .reduce((sum, { open }) => sum + open, 0);
}

function cohortsByPoint(cohorts: readonly Cohort[], perPoint: number): Cohort[] {
  return Array.from({ length: Math.ceil(cohorts.length / perPoint) }, (_, point) => {
    const sum = { arrivals: 0, open: 0, good: 0 };
    for (const cohort of cohorts.slice(point * perPoint, (point + 1) * perPoint)) {
      sum.arrivals += cohort.arrivals;
      sum.open += cohort.open;
      sum.good += cohort.good;
    }
    return sum;
  });
}

/** Requests without an answer yet are taken to fare like the others that came with them; null without others. */
function expectedGood(cohort: Cohort): number | null {
  if (cohort.arrivals === 0) return 0;
  const known = share(cohort);
  return known === null ? null : cohort.arrivals * known;
}

/** Of the requests whose end is known. */
function share({ arrivals, open, good }: Cohort): number | null {
  return ratio(good, arrivals - open);
}

function userFigures(
  tally: UsersTally,
  stillWaiting: StillWaiting,
  timeline: Timeline,
): UserFigures {
  const { arrivals, durations } = tally;
  return {
    arrivals,
    goodput: round(share(tally)),
    p50: percentile(0.5, tally, durations, stillWaiting),
    p95: percentile(0.95, tally, durations, stillWaiting),
    p99: percentile(0.99, tally, durations, stillWaiting),
    atLeast: leastTimes(tally, timeline),
  };
}

function leastTimes(
  { durations, unended }: Pick<UsersTally, 'durations' | 'unended'>,
  { duration, step }: Timeline,
): LeastTimes {
  const all = new Histogram();
  all.merge(durations);
  for (const [point, count] of unended.entries()) {
    // As long as the last one of the point has waited.
    if (count > 0) all.add(Math.max(0, duration - (point + 1) * step), count);
  }
  const least = (quantile: number): number | null => round(all.percentile(quantile));
  return { p50: least(0.5), p95: least(0.95), p99: least(0.99) };
}

/**
 * A percentile of how long all waited who came. Left out is who could still get an answer in time when the run
 * ended, unless they have waited longer than the percentile. Who got none at all waited longest: null if the
 * percentile is the time of one of these.
 */
function percentile(
  quantile: number,
  { arrivals, open }: Cohort,
  durations: Histogram | undefined,
  stillWaiting: StillWaiting,
): number | null {
  if (durations === undefined) return null;
  const [known, answered] = [arrivals - open, durations.count];
  // The longer a time, the fewer have waited longer: the first rank that suffices can be searched for.
  let [low, high] = [Math.max(1, Math.ceil(quantile * known)), answered + 1];
  while (low < high) {
    const rank = Math.floor((low + high) / 2);
    const all = known + stillWaiting(durations.ranked(rank));
    if (rank >= quantile * all) high = rank;
    else low = rank + 1;
  }
  return low > answered ? null : round(durations.ranked(low));
}

function serviceResult(
  { service, phases, points }: ServiceRecord,
  timeline: Timeline,
): ServiceResult {
  const workers = service.replicas * service.server.workers;
  const mean = (value: number, point: number): number => round(value / lengthOf(timeline, point));
  return {
    name: service.name,
    total: serviceFigures(
      sumOfServices(phases.slice(1)),
      timeline.duration - timeline.warmUp,
      workers,
    ),
    byPhase: byPhase(timeline, phases, (tally, { from, to }) =>
      serviceFigures(tally, to - from, workers),
    ),
    series: {
      arrivals: points.map((tally, point) => perSecond(tally.arrivals, timeline, point)),
      queue: points.map((tally, point) => mean(tally.waiting, point)),
      busy: points.map((tally, point) => mean(tally.busy, point)),
      amplification: points.map((tally) => round(ratio(tally.arrivals, tally.firsts))),
    },
  };
}

/** @param workers that all replicas have, without a fault. */
function serviceFigures(tally: ServiceTally, length: number, workers: number): ServiceFigures {
  return {
    arrivals: tally.arrivals,
    amplification: round(ratio(tally.arrivals, tally.firsts)),
    rejected: CRITICALITIES.reduce((sum, criticality) => sum + tally[criticality], 0),
    rejectedBy: Object.fromEntries(
      CRITICALITIES.map((criticality) => [criticality, tally[criticality]]),
    ) as Record<Criticality, number>,
    wasted: round(ratio(tally.wasted, tally.worked) ?? 0),
    duplicates: tally.duplicates,
    recognised: tally.recognised,
    queue: round(ratio(tally.waiting, length) ?? 0),
    queueMax: tally.waitingMax,
    utilisation: round(ratio(tally.busy, length * workers) ?? 0),
  };
}

function edgeResult(record: EdgeRecord, timeline: Timeline): EdgeResult {
  const { edge, phases, states } = record;
  const rates = (counts: Float64Array): number[] =>
    Array.from(counts, (count, point) => perSecond(count, timeline, point));
  return {
    id: edge.id,
    from: edge.from,
    to: edge.to,
    total: edgeFigures(sumOfEdges(phases.slice(1), timeline.points), timeline),
    byPhase: byPhase(timeline, phases, (tally) => edgeFigures(tally, timeline)),
    series: {
      calls: rates(record.calls),
      attempts: rates(record.attempts),
      failures: rates(record.failures),
      p99: record.p99.map(round<number | null>),
      open: states.map((state) => round(state.open)),
      budget: states.map((state) => round(state.budget)),
      inFlight: states.map((state) => state.inFlight),
    },
  };
}

function edgeFigures(tally: EdgeTally, timeline: Timeline): EdgeFigures {
  const { calls, attempts, failures, refused, open, hung, verdicts, durations } = tally;
  // The calls that hang waited longest.
  const all = durations.count + hung;
  const percentileOf = (quantile: number): number | null => {
    const rank = Math.max(1, Math.ceil(quantile * all));
    return rank > durations.count ? null : round(durations.ranked(rank));
  };
  return {
    calls,
    attempts,
    attemptsPerCall: round(ratio(attempts, calls)),
    failures: failures + hung,
    refused,
    open,
    verdicts,
    p50: percentileOf(0.5),
    p95: percentileOf(0.95),
    p99: percentileOf(0.99),
    atLeast: leastTimes(tally, timeline),
  };
}

function byPhase<T, F>(
  { phases }: Timeline,
  tallies: readonly T[],
  figures: (tally: T, phase: Phase) => F,
): Record<string, F> {
  return Object.fromEntries(
    phases.map((phase, index) => [phase.name, figures(tallies[index + 1]!, phase)]),
  );
}

function perSecond(count: number, timeline: Timeline, point: number): number {
  return round((count * 1000) / lengthOf(timeline, point));
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}

/** Six digits are more than chance leaves certain, and keep files small. */
function round<V extends number | null>(value: V): V {
  return (value === null ? null : Number(value.toPrecision(6))) as V;
}
