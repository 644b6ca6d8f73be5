import type { Fault, Scenario } from '../spec/model.ts';
import type { FaultBand, Phase } from './result.ts';

/** How a run's time is divided. All times are virtual milliseconds from its start. */
export interface Timeline {
  readonly duration: number;
  readonly warmUp: number;
  /** From one point of the series to the next. */
  readonly step: number;
  /** Points of every series; the last may be of a shorter step. */
  readonly points: number;
  /** In order, none of them empty, from the end of the warm-up to that of the run. */
  readonly phases: readonly Phase[];
  readonly faults: readonly FaultBand[];
}

/** Points that a series should have: as many as a plot shows. */
const POINTS = 200;
/** Steps are one of these times a power of ten, so that a point's time is a round number. */
const ROUND = [1, 2, 2.5, 5, 10];

/** Divides a scenario's time. */
export function timelineOf(scenario: Scenario): Timeline {
  const { duration } = scenario;
  const warmUp = Math.min(scenario.warmUp, duration);
  const step = stepFor(duration);
  const faults = scenario.faults.map((fault) => bandOf(fault, duration));
  return {
    duration,
    warmUp,
    step,
    points: Math.max(1, Math.ceil(duration / step)),
    phases: phasesOf(faults, warmUp, duration),
    faults,
  };
}

/** The length of a series' point: the last one may be cut short by the end of the run. */
export function lengthOf(timeline: Timeline, point: number): number {
  return Math.min(timeline.step, timeline.duration - point * timeline.step);
}

/** The round number that comes closest to `POINTS` points. */
function stepFor(duration: number): number {
  const wanted = duration / POINTS;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const distance = (step: number): number => Math.abs(Math.log((step * power) / wanted));
  return ROUND.reduce((best, step) => (distance(step) < distance(best) ? step : best)) * power;
}

/** To whom a fault happens, in words: a service, or the two sides of a partition. */
export function subjectOf(fault: Fault): string {
  if (fault.kind !== 'partition') return fault.on;
  return fault.groups.map((names) => names.join(', ')).join(' | ');
}

function bandOf(fault: Fault, duration: number): FaultBand {
  const from = Math.min(fault.from, duration);
  const to = Math.max(from, Math.min(fault.to, duration));
  return { kind: fault.kind, on: subjectOf(fault), from, to };
}

/** The faults that come, or go, during the run. One that lasts throughout is how the fleet is, also without them. */
export function passing<F extends Pick<FaultBand, 'from' | 'to'>>(
  faults: readonly F[],
  warmUp: number,
  duration: number,
): readonly F[] {
  return faults.filter(({ from, to }) => from > warmUp || to < duration);
}

function phasesOf(all: readonly FaultBand[], warmUp: number, duration: number): Phase[] {
  const some = passing(all, warmUp, duration);
  const faults = some.length === 0 ? all : some;
  const first = Math.min(duration, ...faults.map((fault) => Math.max(fault.from, warmUp)));
  const last = Math.max(first, ...faults.map((fault) => fault.to));
  const phases: readonly Phase[] = [
    { name: 'before', from: warmUp, to: first },
    { name: 'fault', from: first, to: last },
    { name: 'after', from: last, to: duration },
  ];
  return phases.filter(({ from, to }) => to > from);
}

/** A stretch of time within one point of the series and one phase. */
export interface Segment {
  /** Exclusive. */
  readonly to: number;
  readonly point: number;
  /** 0 is the warm-up, n the n-th phase. */
  readonly phase: number;
}

/** The whole run in order, without a gap. */
export function segmentsOf(timeline: Timeline): readonly Segment[] {
  const { duration, step, points, phases } = timeline;
  const cuts = new Set([duration, ...phases.map((phase) => phase.from)]);
  for (let point = 1; point < points; point++) cuts.add(point * step);
  cuts.delete(0);
  let [point, phase] = [0, 0];
  return [...cuts]
    .toSorted((a, b) => a - b)
    .map((to) => {
      while (point + 1 < points && (point + 1) * step < to) point++;
      while (phase < phases.length && phases[phase]!.from < to) phase++;
      return { to, point, phase };
    });
}

/** The phase of a moment: 0 is the warm-up, n the n-th phase. */
export function phaseAt(timeline: Timeline, now: number): number {
  let phase = timeline.phases.length;
  while (phase > 0 && now < timeline.phases[phase - 1]!.from) phase--;
  return phase;
}
