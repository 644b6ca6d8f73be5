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
  /** Milliseconds until a service answers, its calls included. */
  readonly answerTime: (service: string) => number;
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
    return caller === undefined ? 0 : rateOf(edge.from) * missRate(caller) * edge.times;
  };
  for (const name of callersFirst(fleet)) {
    const service = fleet.services.get(name);
    if (service !== undefined) for (const edge of callsOf(service)) add(edge.to, callsOver(edge));
  }
  return { rateOf, callsOver, answerTime };
}

/** Calls a second over all of these edges together, which share a breaker or a bulkhead. */
export function callsOverAll(edges: readonly Edge[], load: Load): number {
  return edges.reduce((all, edge) => all + load.callsOver(edge), 0);
}

/** Requests a second that a service's replicas can serve together when nothing is wrong; Infinity without a service time. */
export function capacityOf({ replicas, server }: Service): number {
  return (replicas * server.workers * 1000) / meanOf(server.serviceTime);
}

/** The share of its requests for which a service makes its calls: with a cache only on a miss. */
export function missRate({ server }: Service): number {
  return 1 - (server.cache?.hitRate ?? 0);
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
    times.set(name, meanOf(service.server.serviceTime) + missRate(service) * calls);
  }
  return times;
}

/** What a service's stages take one after another: the calls of one stage are made at once, those to one service as well. */
export function inSequence(service: Service, time: (edge: Edge) => number): number {
  return service.stages.reduce((all, stage) => all + Math.max(0, ...stage.map(time)), 0);
}
