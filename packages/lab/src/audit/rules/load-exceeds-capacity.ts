/*
 * Certain, not likely: of the load is counted what lasts, without any retry, and of a worker's time what a request
 * takes at least when nothing waits. After a call that fails for good the next ones are not made.
 */
import type { Edge, Service } from '../../spec/model.ts';
import { goingOn } from '../going-on.ts';
import { type Held, leastHeld } from '../least-held.ts';
import { capacityWith, lastingRate, ratesOf } from '../load.ts';
import { longest } from '../tries.ts';
import { amount, amounts, type Audited, eachService, ms, type Rule } from './rule.ts';

/** What sums of fractions are wrong by is no overload. */
const ROUNDING = 1 + 1e-9;

/** The most that may be stated. */
const MOST_REPLICAS = 1000;
const MOST_WORKERS = 100_000;

export const loadExceedsCapacity: Rule = {
  id: 'load-exceeds-capacity',
  severity: 'error',
  looksFor:
    'A service that users ask for more than it can serve, even when nothing is wrong and nobody retries',
  why: 'For as long as the load lasts, requests come faster than they can be served. Queues stay full, and what finds no room is refused or answered too late. Policies can choose whom that meets, but they cannot serve more.',
  counts: 'workers and time',
  check: (audited) => {
    const asked = lastingRates(audited, () => true);
    const needed = lastingRates(audited, isNeeded);
    const kept = lastingRates(
      audited,
      (edge) => isNeeded(edge) || edge.criticality !== 'sheddable',
    );
    const { fleet, layersOf, numbersOf } = audited;
    const windowOf = (edge: Edge): number => {
      // The quicker of two attempts may take hardly any time.
      const isHedged = layersOf(edge).some(({ hedges }) => hedges);
      return isHedged ? 0 : (numbersOf(edge).window ?? Infinity);
    };
    const isRepeated = (edge: Edge): boolean => numbersOf(edge).attempts > 1;
    const held = leastHeld(fleet, { windowOf, isWaitedFor: isNeeded, isRepeated });
    return eachService((service) => {
      const { name, server } = service;
      const rate = asked.get(name) ?? 0;
      const capacity = capacityWith(service, (atOnce) => held(service, atOnce));
      const fits = (rates: Rates): boolean => (rates.get(name) ?? 0) <= capacity * ROUNDING;
      if (fits(asked)) return null;
      // What it refuses first are calls that answers are good without.
      if (server.queue.order === 'priority' && fits(kept)) return null;
      const [comes, served] = amounts(rate, capacity);
      // Without those there is room, but nobody has chosen them.
      const isSpared = fits(needed);
      return {
        options: ['workers'],
        severity: isSpared ? 'warning' : 'error',
        message: `${name} is asked for ${comes} requests a second, even if nobody retries, but can serve at most ${served}: ${workersOf(service, capacity)}`,
        fix: fixOf(service, { rate, capacity, isSpared }, held),
        value: rate / capacity,
      };
    })(audited);
  },
};

/** `2 replicas of 10 workers, and a request takes one for at least 50ms`. */
function workersOf({ replicas, server: { workers } }: Service, capacity: number): string {
  const time = ms((replicas * workers * 1000) / capacity);
  const all = `${replicas === 1 ? '' : `${replicas} replicas of `}${workers === 1 ? '1 worker' : `${workers} workers`}`;
  return `${all}, and a request takes one for at least ${time}`;
}

interface Overload {
  readonly rate: number;
  readonly capacity: number;
  readonly isSpared: boolean;
}

function fixOf(service: Service, { rate, capacity, isSpared }: Overload, held: Held): string {
  const { replicas, server } = service;
  const times = rate / capacity / ROUNDING;
  const wider = { ...service, server: { ...server, workers: Math.ceil(server.workers * times) } };
  // Where each request slows the others down, more workers may not be enough.
  const isEnough = capacityWith(wider, (atOnce) => held(wider, atOnce)) * ROUNDING >= rate;
  const ways = [
    ...(replicas * times <= MOST_REPLICAS ? [`\`replicas: ${Math.ceil(replicas * times)}\``] : []),
    ...(isEnough && wider.server.workers <= MOST_WORKERS
      ? [`\`workers: ${wider.server.workers}\``]
      : []),
  ];
  const more =
    ways.length === 0
      ? 'Serve each request in less time'
      : `Have ${service.external ? 'its owners give it ' : ''}${ways.join(', or ')} at least, and some more for busy minutes`;
  const less = isSpared
    ? 'or let it refuse the calls that answers are good without (`criticality: sheddable` there, `queue: { order: priority }` here)'
    : `or turn ${amount(100 * (1 - capacity / rate))} % of the requests away before they come here`;
  // What nobody states is asked for anyway.
  const isStated = service.stated.has('workers') && service.stated.has('serviceTime');
  const otherwise = ' If it can serve more than that, state its `workers` and `serviceTime`.';
  return `${more}; ${less}.${isStated ? otherwise : ''}`;
}

/** Requests a second, by service. */
type Rates = ReadonlyMap<string, number>;

/** What reaches each service over edges that count, at least. */
function lastingRates({ fleet, layersOf }: Audited, counts: (edge: Edge) => boolean): Rates {
  return ratesOf(
    fleet,
    ({ edge, arrivals }) => lastingRate(arrivals, longest(layersOf(edge))),
    counts,
    goingOn(fleet, isNeeded),
  );
}

/** Whether the caller has no good answer without it. */
function isNeeded({ optional, policy }: Edge): boolean {
  return !optional && policy.fallback === null;
}
