/*
 * What the fleet is asked for when all is well: users' rates at their highest, propagated through
 * the graph without any retry, and how long answers then take without any queue.
 */
import { meanOf } from '../spec/mean.ts';
import type { Arrivals, Edge, Fleet, Service, Users } from '../spec/model.ts';
import { callersFirst } from './edges.ts';

type WindowOf = (edge: Edge) => number;

export interface Load {
  /** Requests a second that reach all replicas of a service; 0 if no users lead to it. */
  readonly rateOf: (service: string) => number;
  /** Calls a second that all replicas of the caller make over an edge, or all users together. */
  readonly callsOver: (edge: Edge) => number;
  /** Milliseconds until an attempt is answered, or given up. */
  readonly attemptTime: (edge: Edge) => number;
  /** For how many milliseconds a request takes a worker: until it is answered. Of so many at once in one replica. */
  readonly held: (service: Service, atOnce: number) => number;
  /** Requests a second that a service's replicas can serve together when nothing is wrong; Infinity if it takes no time. */
  readonly capacityOf: (service: Service) => number;
}

/**
 * @param windowOf milliseconds that the limits of an edge leave for one attempt: those of all its layers, or, where
 *   these are not known yet, of its own policy. Who tries again then is mostly answered soon.
 */
export function loadOf(fleet: Fleet, windowOf: WindowOf = ownLimit): Load {
  const answers = answerTimes(fleet, windowOf);
  const answerTime = (service: string): number => answers.get(service) ?? 0;
  const attemptTime = (edge: Edge): number => Math.min(answerTime(edge.to), windowOf(edge));
  const sentBy = ({ edge, arrivals }: Users): number => peakRate(arrivals, attemptTime(edge));
  const rates = ratesOf(fleet, sentBy);
  const rateOf = (service: string): number => rates.get(service) ?? 0;
  const callsOver = (edge: Edge): number => {
    const users = fleet.users.get(edge.from);
    if (users !== undefined) return sentBy(users);
    const caller = fleet.services.get(edge.from);
    return caller === undefined ? 0 : rateOf(edge.from) * callShare(caller) * edge.times;
  };
  const held = ({ name, server: { serviceTime } }: Service, atOnce: number): number =>
    answerTime(name) - meanOf(serviceTime) + meanOf(serviceTime, atOnce);
  const capacityOf = (service: Service): number =>
    capacityWith(service, (atOnce) => held(service, atOnce));
  return { rateOf, callsOver, attemptTime, held, capacityOf };
}

/**
 * Requests a second that reach each service by what users send, without any retry.
 *
 * @param isMade whether the calls of an edge are counted.
 * @param goesOn the share of a caller's requests that go on after the calls of an edge.
 */
export function ratesOf(
  fleet: Fleet,
  sentBy: (users: Users) => number,
  isMade: (edge: Edge) => boolean = () => true,
  goesOn: (edge: Edge) => number = () => 1,
): ReadonlyMap<string, number> {
  const rates = new Map<string, number>();
  const add = ({ to, times }: Edge, rate: number): void => {
    rates.set(to, (rates.get(to) ?? 0) + rate * times);
  };
  for (const users of fleet.users.values()) if (isMade(users.edge)) add(users.edge, sentBy(users));
  for (const name of callersFirst(fleet)) {
    const service = fleet.services.get(name);
    const rate = rates.get(name);
    if (service === undefined || rate === undefined) continue;
    let left = rate * callShare(service);
    for (const stage of service.stages) {
      for (const edge of stage.filter(isMade)) add(edge, left);
      left = stage.reduce((share, edge) => share * goesOn(edge), left);
    }
  }
  return rates;
}

/** Calls a second over all of these edges together, which share a breaker or a bulkhead. */
export function callsOverAll(edges: readonly Edge[], load: Load): number {
  return edges.reduce((all, edge) => all + load.callsOver(edge), 0);
}

/**
 * Requests a second that a service's replicas can serve together.
 *
 * @param held milliseconds that each request takes a worker, of so many at once in one replica. Where each
 *   slows the others down, fewer at once may do more. Of workers without end nobody knows how many are at once.
 */
export function capacityWith(
  { replicas, server }: Service,
  held: (atOnce: number) => number,
): number {
  const rate = (atOnce: number): number =>
    atOnce === Infinity ? Infinity : (atOnce * 1000) / held(atOnce);
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

/** What is over sooner is no load that lasts. */
const MINUTE = 60_000;

/**
 * Requests a second that users send for as long as they come, at least: of a rate in pieces the last one's, and of a
 * ramp its lower end; of a trace the mean until the last one has waited for an answer, as a batch may.
 *
 * @param longest milliseconds that each waits for an answer, at most. A client of a closed loop sends less the
 *   longer it waits, but not less than that.
 */
export function lastingRate(arrivals: Arrivals, longest: number): number {
  switch (arrivals.kind) {
    case 'open': {
      const { rate, until } = arrivals.rate.at(-1) ?? { rate: 0, until: 0 };
      return Math.min(rate, until);
    }
    case 'closed':
      return (arrivals.clients * 1000) / Math.max(1, meanOf(arrivals.think) + longest);
    case 'trace': {
      const [first = 0] = arrivals.at;
      const length = (arrivals.at.at(-1) ?? first) - first;
      return (arrivals.at.length * 1000) / Math.max(MINUTE, length + longest);
    }
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

function answerTimes(fleet: Fleet, windowOf: WindowOf): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    const calls = inSequence(
      service,
      (edge) => Math.min(edge.times, 1) * Math.min(times.get(edge.to) ?? 0, windowOf(edge)),
    );
    times.set(name, meanOf(service.server.serviceTime) + callShare(service) * calls);
  }
  return times;
}

/** What an attempt may take by the edge's own policy. */
function ownLimit({ policy: { timeout, deadline } }: Edge): number {
  return Math.min(timeout ?? Infinity, deadline ?? Infinity);
}

/** What a service's stages take one after another: the calls of one stage are made at once, those to one service as well. */
export function inSequence(service: Service, time: (edge: Edge) => number): number {
  return service.stages.reduce((all, stage) => all + Math.max(0, ...stage.map(time)), 0);
}
