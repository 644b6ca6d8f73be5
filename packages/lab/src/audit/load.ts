/*
 * What the fleet is asked for when all is well: users' rates at their highest, propagated through
 * the graph without any retry, and how long answers then take without any queue.
 */
import { callsOf } from '../spec/edges.ts';
import { meanOf } from '../spec/mean.ts';
import type { Arrivals, Edge, Fleet, Service } from '../spec/model.ts';
import { callersFirst } from './edges.ts';

export interface Load {
  /** Requests a second that reach all replicas of a service; 0 if no users lead to it. */
  readonly rateOf: (service: string) => number;
  /** Calls a second that all replicas of the caller make over an edge between services. */
  readonly callsOver: (edge: Edge) => number;
  /** Milliseconds until a service answers, its calls included; for so long a worker is taken. */
  readonly answerTime: (service: string) => number;
  /** Requests a second that a service's replicas can serve together when nothing is wrong; Infinity if it takes no time. */
  readonly capacityOf: (service: Service) => number;
}

export function loadOf(fleet: Fleet): Load {
  const answers = answerTimes(fleet);
  const answerTime = (service: string): number => answers.get(service) ?? 0;
  const rates = new Map<string, number>();
  const add = (service: string, rate: number): void => {
    rates.set(service, (rates.get(service) ?? 0) + rate);
  };
  for (const { edge, arrivals } of fleet.users.values()) {
    add(edge.to, edge.times * peakRate(arrivals, answerTime(edge.to)));
  }
  const rateOf = (service: string): number => rates.get(service) ?? 0;
  const callsOver = (edge: Edge): number => {
    const caller = fleet.services.get(edge.from);
    return caller === undefined ? 0 : rateOf(edge.from) * callShare(caller) * edge.times;
  };
  for (const name of callersFirst(fleet)) {
    const service = fleet.services.get(name);
    if (service !== undefined) for (const edge of callsOf(service)) add(edge.to, callsOver(edge));
  }
  const capacityOf = (service: Service): number => {
    const calls = answerTime(service.name) - meanOf(service.server.serviceTime);
    return capacityWith(service, (atOnce) => meanOf(service.server.serviceTime, atOnce) + calls);
  };
  return { rateOf, callsOver, answerTime, capacityOf };
}

/** Calls a second over all of these edges together, which share a breaker or a bulkhead. */
export function callsOverAll(edges: readonly Edge[], load: Load): number {
  return edges.reduce((all, edge) => all + load.callsOver(edge), 0);
}

/**
 * Requests a second that a service's replicas can serve together.
 *
 * @param held milliseconds that each request takes a worker, of so many at once in one replica. Where each
 *   slows the others down, fewer at once may do more.
 */
export function capacityWith(
  { replicas, server }: Service,
  held: (atOnce: number) => number,
): number {
  const rate = (atOnce: number): number => (atOnce * 1000) / held(atOnce);
  return replicas * Math.max(rate(1), rate(server.workers));
}

/** The share of its requests for which a service makes its calls: not for what fails by itself, and with a cache only on a miss. */
export function callShare({ server }: Service): number {
  return (1 - server.failures) * (1 - (server.cache?.hitRate ?? 0));
}

/** A closed loop sends at most one request per client, think time and answer. */
function peakRate(arrivals: Arrivals, answerTime: number): number {
  switch (arrivals.kind) {
    case 'open':
      return Math.max(0, ...arrivals.rate.map(({ rate, until }) => Math.max(rate, until)));
    case 'closed':
      return (arrivals.clients * 1000) / Math.max(1, meanOf(arrivals.think) + answerTime);
    case 'trace':
      return mostInASecond(arrivals.at);
  }
}

/** Of moments in order. */
function mostInASecond(moments: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [last, moment] of moments.entries()) {
    while (moments[first]! <= moment - 1000) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function answerTimes(fleet: Fleet): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    const calls = inSequence(
      service,
      (edge) => Math.min(edge.times, 1) * (times.get(edge.to) ?? 0),
    );
    times.set(name, meanOf(service.server.serviceTime) + callShare(service) * calls);
  }
  return times;
}

/** What a service's stages take one after another: the calls of one stage are made at once, those to one service as well. */
export function inSequence(service: Service, time: (edge: Edge) => number): number {
  return service.stages.reduce((all, stage) => all + Math.max(0, ...stage.map(time)), 0);
}
