import type { Arrivals, Fleet, RatePiece, Scenario } from '../spec/model.ts';
import { passing, timelineOf } from './timeline.ts';

/** What disturbs a run: from the first fault's beginning to the last one's end, in milliseconds. */
export interface Trigger {
  readonly from: number;
  /** The duration of the run, if it is never over. */
  readonly to: number;
  /** What it is: something broke, or more or fewer requests came. */
  readonly kind: 'fault' | 'load';
}

/** When something disturbs a run. */
export type Span = Omit<Trigger, 'kind'>;

/**
 * The faults that come and go; without any, the time in which load is not what it was when the warm-up ended. A
 * fault that lasts throughout is how the fleet is, unless there is nothing else. Null if nothing disturbs the run.
 */
export function triggerOf(fleet: Fleet, scenario: Scenario): Trigger | null {
  const { faults, duration, warmUp } = timelineOf(scenario);
  const come = passing(faults, warmUp, duration);
  const changes = come.length > 0 ? [] : loadChanges(fleet, scenario);
  const kind = changes.length > 0 || faults.length === 0 ? 'load' : 'fault';
  const spans = [come, changes, faults].find((some) => some.length > 0);
  if (spans === undefined) return null;
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  return { from, to: Math.min(to, duration), kind };
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
  for (const [name, users] of fleet.users) {
    load.set(name, unchanged(scenario.load.get(name) ?? users.arrivals, scenario));
  }
  return { ...scenario, load };
}

function loadChanges(fleet: Fleet, scenario: Scenario): Span[] {
  return [...fleet.users].flatMap(([name, users]) => {
    const arrivals = scenario.load.get(name) ?? users.arrivals;
    return arrivals.kind === 'open' ? changesOf(arrivals.rate, scenario) : [];
  });
}

function changesOf(rate: readonly RatePiece[], scenario: Scenario): Span[] {
  const { piece, normal } = warmedUp(rate, scenario);
  const changed = rate
    .slice(piece)
    .filter(
      ({ at, rate: first, until }) =>
        at < scenario.duration && (first !== normal || until !== normal),
    );
  const [first] = changed;
  if (first === undefined) return [];
  const last = rate.indexOf(changed.at(-1)!);
  const to = rate[last + 1]?.at ?? Infinity;
  return [{ from: Math.max(first.at, scenario.warmUp), to }];
}

/** The same until the end of the warm-up, and from then on as it was at that moment. */
function unchanged(arrivals: Arrivals, scenario: Scenario): Arrivals {
  if (arrivals.kind !== 'open') return arrivals;
  const { piece, normal } = warmedUp(arrivals.rate, scenario);
  const rate = [
    ...arrivals.rate.slice(0, piece),
    { ...arrivals.rate[piece]!, until: normal },
    { at: scenario.warmUp, rate: normal, until: normal },
  ];
  return { ...arrivals, rate };
}

/** The piece in which the warm-up ends, and the rate at that moment: what is measured begins with it. */
function warmedUp(
  rate: readonly RatePiece[],
  { warmUp, duration }: Scenario,
): { readonly piece: number; readonly normal: number } {
  const piece = rate.findLastIndex(({ at }) => at <= warmUp);
  const { at, rate: first, until } = rate[piece]!;
  const to = rate[piece + 1]?.at ?? duration;
  const risen = until === first ? 0 : ((until - first) * (warmUp - at)) / (to - at);
  return { piece, normal: first + risen };
}
