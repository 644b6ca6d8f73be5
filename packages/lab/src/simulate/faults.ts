import { type Random, TimerNode } from 'holdfast';
import type { Fault } from '../spec/model.ts';
import { answers } from './answers.ts';
import { type Slowdown, takeOut } from './conditions.ts';
import { samplerOf } from './distributions.ts';
import type { ServiceNode } from './service.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Where a fault happens. */
export interface Place {
  readonly clock: VirtualClock;
  readonly services: ReadonlyMap<string, ServiceNode>;
  /** Of this fault alone. */
  readonly random: Random;
}

/**
 * Lets a fault happen when it is due, and end.
 *
 * @throws RangeError for a service that is not there.
 */
export function scheduleFault(fault: Fault, { clock, services, random }: Place): void {
  const begun = beginning(fault, services, random);
  new Moment(clock, () => {
    const undo = begun();
    new Moment(clock, undo).in(fault.to - fault.from);
  }).in(fault.from);
}

/** What begins the fault, and returns what ends it. */
function beginning(fault: Fault, services: Place['services'], random: Random): () => () => void {
  if (fault.kind === 'partition') return () => partition(fault, services);
  const service = services.get(fault.on);
  if (service === undefined) throw new RangeError(`there is no service '${fault.on}'`);
  return () => begin(fault, service, random);
}

class Moment extends TimerNode {
  readonly #clock: VirtualClock;
  readonly #happen: () => void;

  constructor(clock: VirtualClock, happen: () => void) {
    super();
    this.#clock = clock;
    this.#happen = happen;
  }

  /** Infinity: never. */
  in(time: number): void {
    this.#clock.start(this, time);
  }

  expire(): void {
    this.#happen();
  }
}

/** Begins a fault of one service, and returns what ends it. */
function begin(
  fault: Exclude<Fault, { readonly kind: 'partition' }>,
  service: ServiceNode,
  random: Random,
): () => void {
  const { conditions } = service;
  switch (fault.kind) {
    case 'latency':
      return add(conditions.slowdowns, slower(fault, random));
    case 'slow-start':
      return add(conditions.slowdowns, warmingUp(fault));
    case 'errors':
      return add(conditions.errors, { rate: fault.rate, answer: answers[fault.verdict] });
    case 'outage':
      return add(conditions.outages, { how: fault.how });
    case 'hold':
      return hold(service);
    case 'crash':
      return crash(service, fault.replicas);
    case 'capacity':
      return cutCapacity(service, fault.share);
    case 'cache-flush':
      for (const replica of service.replicas) replica.clearCache();
      return () => {};
    case 'deploy':
      deploy(service, fault);
      return () => {};
    case 'clock-skew':
      conditions.skew += fault.by;
      return () => {
        conditions.skew -= fault.by;
      };
  }
}

function add<T>(to: T[], one: T): () => void {
  to.push(one);
  return () => takeOut(to, one);
}

type FaultOf<K extends Fault['kind']> = Extract<Fault, { readonly kind: K }>;

/** The services of each side are there for nobody of the other. Users serve nobody. */
function partition(
  { groups: [one, other] }: FaultOf<'partition'>,
  services: Place['services'],
): () => void {
  const cutOff = (names: readonly string[], from: readonly string[]): (() => void)[] =>
    names.flatMap((name) => {
      const service = services.get(name);
      return service === undefined ? [] : [add(service.conditions.cutOff, from)];
    });
  const undo = [...cutOff(one, other), ...cutOff(other, one)];
  return () => undo.forEach((end) => end());
}

function slower({ times, plus }: FaultOf<'latency'>, random: Random): Slowdown {
  const more = plus === null ? null : samplerOf(plus, random);
  return (_now, time) => time * times + (more === null ? 0 : more(1));
}

/** The factor falls from `times` to 1, in a straight line; without an end it stays. */
function warmingUp({ from, to, times }: FaultOf<'slow-start'>): Slowdown {
  return (now, time) => time * (times - (times - 1) * ((now - from) / (to - from)));
}

function hold(service: ServiceNode): () => void {
  service.conditions.holds++;
  return () => {
    if (--service.conditions.holds === 0) service.deliver();
  };
}

function crash(service: ServiceNode, count: number): () => void {
  // Those that are there die first; the others stay away until this is over as well.
  const dead = service.replicas
    .toSorted((a, b) => Number(a.away > 0) - Number(b.away > 0))
    .slice(0, count);
  for (const replica of dead) service.takeAway(replica);
  for (const replica of dead) replica.die();
  return () => {
    for (const replica of dead) service.bringBack(replica);
  };
}

function cutCapacity(service: ServiceNode, share: number): () => void {
  const { capacities } = service.conditions;
  const undo = add(capacities, share);
  service.spreadWorkers();
  return () => {
    undo();
    service.spreadWorkers();
  };
}

/**
 * Each replica in turn gets nothing new for so long; what it has not finished by then is lost, and it
 * begins anew with an empty cache, before the next one goes.
 */
function deploy(service: ServiceNode, { away }: FaultOf<'deploy'>): void {
  const waiting = service.replicas.values();
  const restartNext = (): void => {
    const { value: replica } = waiting.next();
    if (replica === undefined) return;
    service.takeAway(replica);
    new Moment(service.clock, () => {
      replica.die();
      service.bringBack(replica);
      restartNext();
    }).in(away);
  };
  restartNext();
}
