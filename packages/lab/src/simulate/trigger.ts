import type { Arrivals, Fleet, RatePiece, Scenario } from '../spec/model.ts';
import { timelineOf } from './timeline.ts';

/** What disturbs a run: from the first fault's beginning to the last one's end, in milliseconds. */
export interface Trigger {
  readonly from: number;
  /** The duration of the run, if it is never over. */
  readonly to: number;
  /** What it is: something broke, or more or fewer requests came. */
  readonly kind: 'fault' | 'load';
}

/**
 * The faults; without any, the time in which load is not what it was at first. Null if nothing
 * disturbs the run.
 */
export function triggerOf(fleet: Fleet, scenario: Scenario): Trigger | null {
  const { faults, duration } = timelineOf(scenario);
  const kind = faults.length > 0 ? 'fault' : 'load';
  const spans = kind === 'fault' ? faults : loadChanges(fleet, scenario);
  if (spans.length === 0) return null;
  const from = Math.min(...spans.map((span) => span.from));
  const to = Math.max(...spans.map((span) => span.to));
  return { from, to: Math.min(to, duration), kind };
}

/** The same scenario, undisturbed: what a run would have come to without the trigger. */
export function withoutTrigger(fleet: Fleet, scenario: Scenario): Scenario {
  if (scenario.faults.length > 0) return { ...scenario, faults: [] };
  const load = new Map(scenario.load);
  for (const [name, users] of fleet.users) {
    load.set(name, unchanged(scenario.load.get(name) ?? users.arrivals));
  }
  return { ...scenario, load };
}

type Span = Omit<Trigger, 'kind'>;

function loadChanges(fleet: Fleet, scenario: Scenario): Span[] {
  return [...fleet.users].flatMap(([name, users]) => {
    const arrivals = scenario.load.get(name) ?? users.arrivals;
    return arrivals.kind === 'open' ? changesOf(arrivals.rate) : [];
  });
}

function changesOf(rate: readonly RatePiece[]): Span[] {
  const normal = rate[0]?.rate;
  const changed = rate.filter((piece) => piece.rate !== normal || piece.until !== normal);
  const [first] = changed;
  if (first === undefined) return [];
  const last = rate.indexOf(changed.at(-1)!);
  return [{ from: first.at, to: rate[last + 1]?.at ?? Infinity }];
}

function unchanged(arrivals: Arrivals): Arrivals {
  const first = arrivals.kind === 'open' ? arrivals.rate[0] : undefined;
  if (arrivals.kind !== 'open' || first === undefined) return arrivals;
  return { ...arrivals, rate: [{ ...first, until: first.rate }] };
}
