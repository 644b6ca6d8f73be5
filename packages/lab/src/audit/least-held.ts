/*
 * For how long a request takes a worker on average, at least: what is certain when nothing waits. A worker is taken
 * until the answer, so while the calls are under way too.
 *
 * Limits make times shorter: who tries again instead of waiting for a slow answer is served in less than
 * the mean. How much shorter at most follows from mean and variance, whatever the distribution (H. Scarf,
 * A min-max solution of an inventory problem, 1958).
 *
 * That is of a limit whose whole time is there. A service's queue takes some of it: then only quick requests are
 * answered, and where their callers try the others again, all are in the end. See `redoneOf`.
 */
import { callsOf } from '../spec/edges.ts';
import { meanOf, redoneOf, varianceOf } from '../spec/mean.ts';
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
  /** The least for each that is answered, if any may be given up at any moment and tried again. */
  readonly redone: number;
}

const NONE: Spread = { mean: 0, variance: 0, full: 0, redone: 0 };

/** Of so many requests at once in one replica. */
export type Held = (service: Service, atOnce: number) => number;

/** What is asked about an edge. */
interface Asked {
  /** What its own limits leave the callee for one request, in milliseconds; Infinity for no limit. */
  readonly windowOf: (edge: Edge) => number;
  /** Whether its caller cannot do without the answer: other calls may be refused at once. */
  readonly isWaitedFor: (edge: Edge) => boolean;
  /** Whether a call may be tried again. */
  readonly isRepeated: (edge: Edge) => boolean;
}

export function leastHeld(fleet: Fleet, { windowOf, isWaitedFor, isRepeated }: Asked): Held {
  const goesOn = goingOn(fleet, isWaitedFor);
  const limits = leftBy(fleet, windowOf);
  const repeated = reachedBy(fleet, isRepeated);
  const calls = new Map<string, Spread>();
  const wholeOf = ({ name, server: { serviceTime } }: Service, atOnce: number): Spread => {
    const mean = meanOf(serviceTime, atOnce);
    const variance = varianceOf(serviceTime, atOnce);
    const own = { mean, variance, full: mean, redone: redoneOf(serviceTime, atOnce) };
    return plus(own, calls.get(name) ?? NONE);
  };
  const timeOf = (edge: Edge): Spread => {
    const callee = fleet.services.get(edge.to);
    if (callee === undefined || !isWaitedFor(edge)) return NONE;
    return sometimes(upTo(wholeOf(callee, 1), windowOf(edge)), Math.min(1, edge.times));
  };
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    let all = NONE;
    let left = 1;
    for (const stage of service.stages) {
      const time = stage.map(timeOf).reduce(longer, NONE);
      all = plus(all, { ...sometimes(time, left), redone: left * time.redone });
      left = stage.reduce((share, edge) => share * goesOn(edge), left);
    }
    // Where there is a cache, the next try may do without.
    const redone = service.server.cache === null ? callShare(service) * all.redone : 0;
    calls.set(name, { ...sometimes(all, callShare(service)), redone });
  }
  return (service, atOnce) => {
    const { name, server } = service;
    const isCancelled = server.queue.abandoned === 'cancelled';
    const whole = wholeOf(service, atOnce);
    const mean = meanUpTo(whole, leftFor(limits.get(name)));
    // Work of its own that nobody cuts is done to its end.
    const own = isCancelled ? 0 : meanOf(server.serviceTime, atOnce);
    const redone = isCancelled ? whole.redone : own + (calls.get(name) ?? NONE).redone;
    return Math.max(own, repeated.has(name) ? Math.min(mean, redone) : mean);
  };
}

/** The services that a request may reach over one of these edges, then or later on its way. */
function reachedBy(fleet: Fleet, isOne: (edge: Edge) => boolean): ReadonlySet<string> {
  const reached = new Set<string>();
  const follow = (edge: Edge): void => {
    if (isOne(edge) || reached.has(edge.from)) reached.add(edge.to);
  };
  for (const { edge } of fleet.users.values()) follow(edge);
  for (const name of callersFirst(fleet)) {
    const service = fleet.services.get(name);
    if (service !== undefined) callsOf(service).forEach(follow);
  }
  return reached;
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

/** No longer than the limit. */
function upTo(time: Spread, limit: number): Spread {
  return { ...time, mean: meanUpTo(time, limit), redone: Math.min(time.redone, limit) };
}

/** One after the other. */
function plus(a: Spread, b: Spread): Spread {
  return {
    mean: a.mean + b.mean,
    variance: a.variance + b.variance,
    full: a.full + b.full,
    redone: a.redone + b.redone,
  };
}

/** Of times at once, the longer on average: both together take no less. */
function longer(a: Spread, b: Spread): Spread {
  return { ...(b.mean > a.mean ? b : a), redone: Math.max(a.redone, b.redone) };
}

/** With a probability, else none. */
function sometimes({ mean, variance, full, redone }: Spread, probability: number): Spread {
  return {
    mean: probability * mean,
    variance: probability * (variance + (1 - probability) * full ** 2),
    full: probability * full,
    // The next try may do without.
    redone: probability === 1 ? redone : 0,
  };
}
