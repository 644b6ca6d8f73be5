import type { Criticality, Verdict } from 'holdfast';
import { edgesOf } from '../spec/edges.ts';
import type { Edge, Fleet, Service, Users } from '../spec/model.ts';
import { Histogram } from './histogram.ts';
import type { EdgeState, Probe, Repeat } from './probe.ts';
import {
  type Cohort,
  type EdgeTally,
  edgeTally,
  type ServiceTally,
  serviceTally,
  type UsersTally,
  usersTally,
} from './tallies.ts';
import { phaseAt, type Segment, segmentsOf, type Timeline } from './timeline.ts';

/** What is known of some users. `phases[0]` is the warm-up, `phases[n]` the n-th phase. */
export interface UsersRecord {
  readonly users: Users;
  readonly phases: readonly UsersTally[];
  /** By arrival, `Recorder.cohortLength` milliseconds each. */
  readonly cohorts: readonly Cohort[];
  /** How long the answers took, by the point in which their request came. */
  readonly durations: (Histogram | undefined)[];
}

/** What is known of a service: by phase, and by point of the series. */
export interface ServiceRecord {
  readonly service: Service;
  readonly phases: readonly ServiceTally[];
  readonly points: readonly ServiceTally[];
  /** How many wait and work since the moment `since`, which lies in this segment. */
  waiting: number;
  busy: number;
  since: number;
  segment: number;
}

/** What is known of an edge: by phase, and by point of the series. */
export interface EdgeRecord {
  readonly edge: Edge;
  readonly phases: readonly EdgeTally[];
  readonly calls: Float64Array;
  readonly attempts: Float64Array;
  readonly failures: Float64Array;
  readonly p99: (number | null)[];
  readonly states: EdgeState[];
  /** Durations of the calls that ended in the point that is not over. */
  readonly durations: Histogram;
}

/** Cohorts are this long if a point of the series is, and at most so many to a point. */
const COHORT = 100;
const COHORTS_PER_POINT = 16;

/**
 * Counts what a world tells, by phase and by point of the series. Its memory depends on the fleet and
 * the number of points, not on how much happens. Whoever runs the world calls `sample` for each edge at
 * the end of every point, and `finish` at the end.
 */
export class Recorder implements Probe {
  readonly timeline: Timeline;
  readonly users: ReadonlyMap<string, UsersRecord>;
  readonly services: ReadonlyMap<string, ServiceRecord>;
  readonly edges: ReadonlyMap<string, EdgeRecord>;
  /** Milliseconds; a whole number of cohorts makes one point. */
  readonly cohortLength: number;
  /** Calls that ended and attempts that started, also in the warm-up. */
  calls = 0;
  attempts = 0;

  readonly #segments: readonly Segment[];
  /** The segment of the last event. */
  #segment: Segment;
  #next = 1;

  constructor(fleet: Fleet, timeline: Timeline) {
    this.timeline = timeline;
    this.#segments = segmentsOf(timeline);
    this.#segment = this.#segments[0]!;
    const perPoint = Math.floor(timeline.step / COHORT);
    const cohortsPerPoint = Math.max(1, Math.min(COHORTS_PER_POINT, perPoint));
    this.cohortLength = timeline.step / cohortsPerPoint;
    const cohorts = Math.ceil(timeline.duration / this.cohortLength);
    this.users = mapValues(fleet.users, (users) => usersRecord(users, timeline, cohorts));
    this.services = mapValues(fleet.services, (service) => serviceRecord(service, timeline));
    this.edges = new Map(edgesOf(fleet).map((edge) => [edge.id, edgeRecord(edge, timeline)]));
  }

  userArrived(users: string, now: number): void {
    const { phase } = this.#at(now);
    const record = known(this.users, users);
    const open = this.#openAtEnd(record, now);
    const tally = record.phases[phase]!;
    this.#came(tally, open);
    this.#came(this.#cohort(record, now), open);
    tally.unended[this.#pointOf(now)]!++;
  }

  userAnswered(users: string, now: number, arrivedAt: number, good: boolean): void {
    const record = known(this.users, users);
    const tally = record.phases[phaseAt(this.timeline, arrivedAt)]!;
    const open = this.#openAtEnd(record, arrivedAt);
    this.#answered(tally, good, open);
    this.#answered(this.#cohort(record, arrivedAt), good, open);
    tally.durations.add(now - arrivedAt);
    const point = this.#pointOf(arrivedAt);
    tally.unended[point]!--;
    (record.durations[point] ??= new Histogram()).add(now - arrivedAt);
  }

  requestArrived(service: string, now: number, first: boolean): void {
    const { phase, point } = this.#at(now);
    const { phases, points } = known(this.services, service);
    phases[phase]!.arrivals++;
    points[point]!.arrivals++;
    if (!first) return;
    phases[phase]!.firsts++;
    points[point]!.firsts++;
  }

  requestRejected(service: string, now: number, criticality: Criticality, wasted: number): void {
    const tally = known(this.services, service).phases[this.#at(now).phase]!;
    tally[criticality]++;
    tally.worked += wasted;
    tally.wasted += wasted;
  }

  requestServed(
    service: string,
    now: number,
    worked: number,
    wasted: boolean,
    repeat: Repeat,
  ): void {
    const tally = known(this.services, service).phases[this.#at(now).phase]!;
    tally.worked += worked;
    if (wasted) tally.wasted += worked;
    if (repeat === 'duplicate') tally.duplicates++;
    else if (repeat === 'recognised') tally.recognised++;
  }

  loadChanged(service: string, now: number, waiting: number, busy: number): void {
    const record = known(this.services, service);
    this.#settle(record, now);
    record.waiting = waiting;
    record.busy = busy;
    const tally = record.phases[this.#at(now).phase]!;
    if (waiting > tally.waitingMax) tally.waitingMax = waiting;
  }

  callStarted(edge: string, now: number): void {
    const { phase, point } = this.#at(now);
    const record = known(this.edges, edge);
    const tally = record.phases[phase]!;
    tally.calls++;
    tally.unended[this.#pointOf(now)]!++;
    record.calls[point]!++;
  }

  attemptStarted(edge: string, now: number, _attempt: number): void {
    const { phase, point } = this.#at(now);
    const record = known(this.edges, edge);
    record.phases[phase]!.attempts++;
    record.attempts[point]!++;
    this.attempts++;
  }

  attemptEnded(edge: string, now: number, _duration: number, verdict: Verdict): void {
    const { verdicts } = known(this.edges, edge).phases[this.#at(now).phase]!;
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }

  callEnded(edge: string, now: number, startedAt: number, ok: boolean, attempts: number): void {
    const { point } = this.#at(now);
    const record = known(this.edges, edge);
    // A call counts where it began: else a failure in a fault could count for the time after it.
    const tally = record.phases[phaseAt(this.timeline, startedAt)]!;
    tally.unended[this.#pointOf(startedAt)]!--;
    this.calls++;
    if (ok) tally.good++;
    else {
      tally.failures++;
      record.failures[point]!++;
    }
    if (attempts === 0) {
      if (!ok) tally.refused++;
      return;
    }
    tally.durations.add(now - startedAt);
    record.durations.add(now - startedAt);
  }

  /** The state of an edge's clients at the end of the next point. */
  sample(edge: string, state: EdgeState): void {
    const record = known(this.edges, edge);
    record.states.push(state);
    record.p99.push(record.durations.percentile(0.99));
    record.durations.clear();
  }

  /** Everything has happened: counts what still waits and works up to the end. */
  finish(): void {
    for (const record of this.services.values()) this.#settle(record, this.timeline.duration);
    for (const record of this.edges.values()) this.#countUnended(record);
  }

  /** Calls that have not ended are open if they began within the longest patience; the others hang. */
  #countUnended({ phases }: EdgeRecord): void {
    const patience = Math.max(0, ...Array.from(this.users.values(), ({ users }) => users.patience));
    const { duration, step } = this.timeline;
    const first = Math.max(0, Math.floor((duration - patience) / step));
    for (const tally of phases) {
      tally.open = sum(tally.unended.subarray(first));
      tally.hung = sum(tally.unended.subarray(0, first));
    }
  }

  #at(now: number): Segment {
    while (now >= this.#segment.to && this.#next < this.#segments.length) {
      this.#segment = this.#segments[this.#next++]!;
    }
    return this.#segment;
  }

  #pointOf(at: number): number {
    const { points, step } = this.timeline;
    return Math.min(points - 1, Math.floor(at / step));
  }

  #cohort(record: UsersRecord, arrivedAt: number): Cohort {
    const index = Math.floor(arrivedAt / this.cohortLength);
    return record.cohorts[Math.min(index, record.cohorts.length - 1)]!;
  }

  /** Whether a request without an answer could still get one in time after the end of the run. */
  #openAtEnd({ users }: UsersRecord, arrivedAt: number): boolean {
    return arrivedAt + users.patience > this.timeline.duration;
  }

  #came(cohort: Cohort, open: boolean): void {
    cohort.arrivals++;
    if (open) cohort.open++;
  }

  #answered(cohort: Cohort, good: boolean, open: boolean): void {
    if (good) cohort.good++;
    if (open) cohort.open--;
  }

  /** Adds what waited and worked since the last change to the phases and points up to now. */
  #settle(record: ServiceRecord, now: number): void {
    while (record.since < now) {
      const { to, phase, point } = this.#segments[record.segment]!;
      const until = Math.min(now, to);
      const ofPhase = record.phases[phase]!;
      const ofPoint = record.points[point]!;
      const length = until - record.since;
      ofPhase.waiting += record.waiting * length;
      ofPhase.busy += record.busy * length;
      ofPoint.waiting += record.waiting * length;
      ofPoint.busy += record.busy * length;
      if (record.waiting > ofPhase.waitingMax) ofPhase.waitingMax = record.waiting;
      record.since = until;
      if (until !== to) continue;
      if (record.segment === this.#segments.length - 1) return;
      record.segment++;
    }
  }
}

function known<R>(records: ReadonlyMap<string, R>, name: string): R {
  const record = records.get(name);
  if (record === undefined) throw new Error(`The world tells of '${name}', which the fleet lacks.`);
  return record;
}

function usersRecord(users: Users, timeline: Timeline, cohorts: number): UsersRecord {
  return {
    users,
    phases: perPhase(timeline, () => usersTally(timeline.points)),
    cohorts: Array.from({ length: cohorts }, () => ({ arrivals: 0, open: 0, good: 0 })),
    durations: Array.from({ length: timeline.points }),
  };
}

function serviceRecord(service: Service, timeline: Timeline): ServiceRecord {
  return {
    service,
    phases: perPhase(timeline, serviceTally),
    points: Array.from({ length: timeline.points }, serviceTally),
    waiting: 0,
    busy: 0,
    since: 0,
    segment: 0,
  };
}

function edgeRecord(edge: Edge, timeline: Timeline): EdgeRecord {
  return {
    edge,
    phases: perPhase(timeline, () => edgeTally(timeline.points)),
    calls: new Float64Array(timeline.points),
    attempts: new Float64Array(timeline.points),
    failures: new Float64Array(timeline.points),
    p99: [],
    states: [],
    durations: new Histogram(),
  };
}

function sum(counts: Float64Array): number {
  return counts.reduce((total, count) => total + count, 0);
}

function perPhase<T>(timeline: Timeline, tally: () => T): T[] {
  return Array.from({ length: timeline.phases.length + 1 }, tally);
}

function mapValues<V, R>(map: ReadonlyMap<string, V>, of: (value: V) => R): Map<string, R> {
  return new Map(Array.from(map, ([key, value]) => [key, of(value)]));
}
