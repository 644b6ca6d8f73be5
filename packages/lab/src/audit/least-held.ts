/*
 * For how long a request takes a worker on average, at least: what is certain when nothing waits. A worker is taken
 * until the answer, so while the calls are under way too.
 *
 * Limits make times shorter: who tries again instead of waiting for a slow answer is served in less than
 * the mean. How much shorter at most follows from mean and variance, whatever the distribution (H. Scarf,
 * A min-max solution of an inventory problem, 1958).
 */
import { callsOf } from '../spec/edges.ts';
import { meanOf, varianceOf } from '../spec/mean.ts';
import type { Edge, Fleet, Service } from '../spec/model.ts';
import { callersFirst } from './edges.ts';
import { goingOn } from './going-on.ts';
import { leftFor } from './graph.ts';
import { callShare } from './load.ts';

/** A time that differs from request to request, in milliseconds: its mean is at least this, its variance at most. */
interface Spread {
  readonly mean: number;
  readonly variance: number;
  /** The mean if nothing limits it. */
  readonly full: number;
}

const NONE: Spread = { mean: 0, variance: 0, full: 0 };

/** Of so many requests at once in one replica. */
export type Held = (service: Service, atOnce: number) => number;

/**
 * @param windowOf what an edge's own limits leave the callee for one request; Infinity for no limit.
 * @param isWaitedFor whether a caller cannot do without the answer to an edge's calls: others may be refused at once.
 */
export function leastHeld(
  fleet: Fleet,
  windowOf: (edge: Edge) => number,
  isWaitedFor: (edge: Edge) => boolean,
): Held {
  const goesOn = goingOn(fleet, isWaitedFor);
  const limits = leftBy(fleet, windowOf);
  const calls = new Map<string, Spread>();
  const wholeOf = ({ name, server: { serviceTime } }: Service, atOnce: number): Spread => {
    const mean = meanOf(serviceTime, atOnce);
    const own = { mean, variance: varianceOf(serviceTime, atOnce), full: mean };
    return plus(own, calls.get(name) ?? NONE);
  };
  const timeOf = (edge: Edge): Spread => {
    const callee = fleet.services.get(edge.to);
    if (callee === undefined || !isWaitedFor(edge)) return NONE;
    const time = wholeOf(callee, 1);
    return sometimes({ ...time, mean: meanUpTo(time, windowOf(edge)) }, Math.min(1, edge.times));
  };
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    let all = NONE;
    let left = 1;
    for (const stage of service.stages) {
      all = plus(all, sometimes(stage.map(timeOf).reduce(longer, NONE), left));
      left = stage.reduce((share, edge) => share * goesOn(edge), left);
    }
    calls.set(name, sometimes(all, callShare(service)));
  }
  return (service, atOnce) => {
    const least = meanUpTo(wholeOf(service, atOnce), leftFor(limits.get(service.name)));
    // Work of its own that nobody cuts is done to its end.
    if (service.server.queue.abandoned === 'cancelled') return least;
    return Math.max(least, meanOf(service.server.serviceTime, atOnce));
  };
}

/** Milliseconds that the least patient of its callers leave a service for one request; Infinity for no limit. */
function leftBy(fleet: Fleet, windowOf: (edge: Edge) => number): ReadonlyMap<string, number> {
  const limits = new Map<string, number>();
  const limit = (edge: Edge): void => {
    const left = Math.min(windowOf(edge), leftFor(limits.get(edge.from)));
    limits.set(edge.to, Math.min(limits.get(edge.to) ?? Infinity, left));
  };
  for (const { edge } of fleet.users.values()) limit(edge);
  for (const name of callersFirst(fleet)) {
    const service = fleet.services.get(name);
    if (service !== undefined) callsOf(service).forEach(limit);
  }
  return limits;
}

/** Scarf's bound: what the mean is at least, if no time is longer than the limit. */
function meanUpTo({ mean, variance }: Spread, limit: number): number {
  if (limit === Infinity) return mean;
  return Math.max(0, (mean + limit - Math.sqrt(variance + (limit - mean) ** 2)) / 2);
}

/** One after the other. */
function plus(a: Spread, b: Spread): Spread {
  return { mean: a.mean + b.mean, variance: a.variance + b.variance, full: a.full + b.full };
}

/** Of times at once, the longer on average: both together take no less. */
function longer(a: Spread, b: Spread): Spread {
  return b.mean > a.mean ? b : a;
}

/** With a probability, else none. */
function sometimes({ mean, variance, full }: Spread, probability: number): Spread {
  return {
    mean: probability * mean,
    variance: probability * (variance + (1 - probability) * full ** 2),
    full: probability * full,
  };
}
