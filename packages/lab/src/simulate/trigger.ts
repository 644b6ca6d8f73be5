import type { Arrivals, Fleet, RatePiece, Scenario } from '../spec/model.ts';
import { passing, timelineOf } from './timeline.ts';

/** What disturbs a run: from the first fault's beginning to the last one's end, in milliseconds. */
export interface Trigger {
  readonly from: number;
  /** The duration of the run, if it is never over. */
  readonly to: number;
  /** How much of that time nothing was wrong, between two faults or spikes; left out if something always was. */
  readonly calm?: number;
  /** What it is: something broke, or more or fewer requests came. */
  readonly kind: 'fault' | 'load';
}

/** When something disturbs a run. */
export type Span = Omit<Trigger, 'kind'>;

/**
 * The faults that come and go; without any, the spikes of load, or else the time in which load is not what it was
 * when the warm-up ended. A fault that lasts throughout is how the fleet is, unless there is nothing else. Null if
 * nothing disturbs the run.
 */
export function triggerOf(fleet: Fleet, scenario: Scenario): Trigger | null {
  const { faults, duration, warmUp } = timelineOf(scenario);
  const come = passing(faults, warmUp, duration);
  const other = come.length > 0 ? [] : loadChanges(fleet, scenario);
  const kind = other.length > 0 || faults.length === 0 ? 'load' : 'fault';
  const spans = [come, other, faults].find((some) => some.length > 0);
  if (spans === undefined) return null;
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.min(duration, Math.max(...spans.map((span) => span.to)));
  const calm = pausesOf(spans);
  return { from, to, kind, ...(calm === 0 ? {} : { calm }) };
}

/** How long nothing is on between the first beginning and the last end. */
function pausesOf(spans: readonly Pick<Span, 'from' | 'to'>[]): number {
  const inOrder = spans.toSorted((a, b) => a.from - b.from);
  let [pauses, end] = [0, inOrder[0]!.from];
  for (const { from, to } of inOrder) {
    pauses += Math.max(0, from - end);
    end = Math.max(end, to);
  }
  return pauses;
}

/** The same scenario, undisturbed: what a run would have come to without the trigger. */
export function withoutTrigger(fleet: Fleet, scenario: Scenario): Scenario {
  if (triggerOf(fleet, scenario)?.kind === 'fault') {
    const { faults, warmUp, duration } = scenario;
    const come = passing(faults, warmUp, duration);
    return {
      ...scenario,
      faults: come.length === 0 ? [] : faults.filter((f) => !come.includes(f)),
    };
  }
  const load = new Map(scenario.load);
  const levelOf = spikes(fleet, scenario).length > 0 ? usualRate : normalRate;
  for (const [name, { rate, ...rest }] of openLoads(fleet, scenario)) {
    load.set(name, { ...rest, rate: level(rate, levelOf(rate, scenario), scenario) });
  }
  return { ...scenario, load };
}

/** Whether as many come all the time, as far as the spec says. */
export function isSteady(fleet: Fleet, scenario: Scenario): boolean {
  const isTrace = [...fleet.users].some(
    ([name, { arrivals }]) => (scenario.load.get(name) ?? arrivals).kind === 'trace',
  );
  return !isTrace && loadChanges(fleet, scenario).length === 0;
}

/** If load is nowhere more than usual, a rise that lasts disturbs the run, or a time of less. */
function loadChanges(fleet: Fleet, scenario: Scenario): Span[] {
  const found = spikes(fleet, scenario);
  return found.length > 0 ? found : changes(fleet, scenario, normalRate, (a, b) => a !== b);
}

function spikes(fleet: Fleet, scenario: Scenario): Span[] {
  return changes(fleet, scenario, usualRate, (rate, usual) => rate > usual);
}

type Level = (rate: readonly RatePiece[], scenario: Scenario) => number;

function changes(
  fleet: Fleet,
  scenario: Scenario,
  levelOf: Level,
  isChange: (rate: number, level: number) => boolean,
): Span[] {
  return openLoads(fleet, scenario).flatMap(([, { rate }]) => {
    const compared = levelOf(rate, scenario);
    return spansOf(rate, scenario, (one) => isChange(one, compared));
  });
}

type OpenLoad = Extract<Arrivals, { readonly kind: 'open' }>;

function openLoads(fleet: Fleet, scenario: Scenario): (readonly [string, OpenLoad])[] {
  return [...fleet.users].flatMap(([name, users]) => {
    const arrivals = scenario.load.get(name) ?? users.arrivals;
    return arrivals.kind === 'open' ? [[name, arrivals] as const] : [];
  });
}

/** The pieces in which the rate is another one, or becomes so. */
function spansOf(
  rate: readonly RatePiece[],
  { warmUp, duration }: Scenario,
  isChange: (rate: number) => boolean,
): Span[] {
  return rate.flatMap(({ at, rate: first, until }, i) => {
    const to = rate[i + 1]?.at ?? Infinity;
    const isSeen = to > warmUp && at < duration;
    return isSeen && (isChange(first) || isChange(until))
      ? [{ from: Math.max(at, warmUp), to }]
      : [];
  });
}

/** The same until the end of the warm-up, and this many from then on. */
function level(rate: readonly RatePiece[], to: number, scenario: Scenario): RatePiece[] {
  const { warmUp } = scenario;
  const piece = pieceAt(rate, warmUp, scenario);
  return [
    ...rate.slice(0, piece),
    { ...rate[piece]!, until: normalRate(rate, scenario) },
    { at: warmUp, rate: to, until: to },
  ];
}

/** What is measured begins with the end of the warm-up. */
function normalRate(rate: readonly RatePiece[], scenario: Scenario): number {
  return rateAt(rate, scenario.warmUp, scenario);
}

/** What load may be without being a spike: as much as when the warm-up ends, or the run. */
function usualRate(rate: readonly RatePiece[], scenario: Scenario): number {
  return Math.max(normalRate(rate, scenario), rateAt(rate, scenario.duration, scenario));
}

/** The rate that has come about by a moment. */
function rateAt(rate: readonly RatePiece[], moment: number, scenario: Scenario): number {
  const piece = pieceAt(rate, moment, scenario);
  const { at, rate: first, until } = rate[piece]!;
  const to = rate[piece + 1]?.at ?? scenario.duration;
  return until === first ? first : first + ((until - first) * (moment - at)) / (to - at);
}

function pieceAt(rate: readonly RatePiece[], moment: number, { duration }: Scenario): number {
  return rate.findLastIndex(({ at }) => at <= moment && at < duration);
}
