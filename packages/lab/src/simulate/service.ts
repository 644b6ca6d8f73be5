import type { Judgement, Random } from 'holdfast';
import type { Edge, Service } from '../spec/model.ts';
import { answers } from './answers.ts';
import type { ClientGroup } from './client.ts';
import { Conditions } from './conditions.ts';
import { type CustomServer, surroundingsOf } from './custom.ts';
import { type Work, workOf } from './custom-server.ts';
import { KeyRecords } from './key-records.ts';
import type { Probe } from './probe.ts';
import { Replica } from './replica.ts';
import type { Request } from './request.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** One edge of a stage, ready for use. */
export interface StageCall {
  readonly times: number;
  /** The place of the edge's client among a replica's. */
  readonly slot: number;
  /** The number of its first call among all calls that one request may make. */
  readonly place: number;
}

/** A service in the world: its replicas, who of them gets a request, and the network before it. */
export class ServiceNode {
  readonly spec: Service;
  readonly clock: VirtualClock;
  readonly replicas: readonly Replica[];
  readonly conditions: Conditions = new Conditions();
  readonly stages: readonly (readonly StageCall[])[];
  readonly edges: readonly Edge[];
  /** Of each edge; each replica has a client of each. */
  readonly groups: ClientGroup[] = [];
  /** What its workers do; null if they are busy for the spec's service time. */
  readonly work: Work | null;
  /** What it remembers of keys; null if it does not. */
  readonly keys: KeyRecords | null;
  readonly #probe: Probe;
  readonly #random: Random;
  /** The replicas that get requests. */
  #present: readonly Replica[];
  #turn = 0;
  #waiting = 0;
  #busy = 0;

  constructor(
    spec: Service,
    clock: VirtualClock,
    probe: Probe,
    random: Random,
    server: CustomServer | null,
  ) {
    this.spec = spec;
    this.clock = clock;
    this.#probe = probe;
    this.#random = random.fork('balancing');
    this.edges = spec.stages.flat();
    this.stages = placed(spec.stages);
    this.replicas = Array.from(
      { length: spec.replicas },
      (_, number) => new Replica(this, random.fork(`replica ${number}`)),
    );
    this.#present = this.replicas;
    this.keys = spec.idempotency && new KeyRecords(spec.idempotency, clock);
    this.work = server && workOf(spec.name, server, surroundingsOf(clock, random.fork('custom')));
  }

  get now(): number {
    return this.clock.now();
  }

  /** A caller sends a request. It reaches a replica, unless a fault is in the way. */
  send(request: Request): void {
    if (this.conditions.holds > 0) this.conditions.held.push(request);
    else this.#arrive(request);
  }

  /** The network lets go of what it has held. */
  deliver(): void {
    for (const request of this.conditions.held.splice(0)) this.#arrive(request);
  }

  /** A request's work is done; `instead` is what there is in place of a value. */
  served(request: Request, instead: Judgement | null): void {
    const { now } = this;
    const { intent } = request.call;
    const repeat = instead === null && intent.happened ? 'duplicate' : 'none';
    if (instead === null) intent.happened = true;
    if (this.keys !== null) this.keys.settle(request, instead);
    const worked = now - request.startedAt!;
    this.#probe.requestServed(this.spec.name, now, worked, request.attempt.isAbandoned, repeat);
  }

  /** A request was a repeat, and nothing was done for it. */
  recognised(request: Request): void {
    const { now } = this;
    const held = now - request.startedAt!;
    const { isAbandoned } = request.attempt;
    this.#probe.requestServed(this.spec.name, now, held, isAbandoned, 'recognised');
  }

  /** Sends an answer back, as far as the network lets it. */
  answer(request: Request, instead: Judgement | null): void {
    const obstacle = this.conditions.obstacle(request.call.edge.from);
    if (obstacle === 'hang') this.#leaveUnanswered(request);
    else request.answer(obstacle === 'reset' ? answers.reset : instead);
  }

  /** Turns a request away, with this answer, as far as the network lets it. */
  reject(request: Request, answer: Judgement): void {
    this.dropped(request);
    this.answer(request, answer);
  }

  /** A request will not be answered by work. `wasted`: how long it was worked on until its caller gave up. */
  dropped(request: Request, wasted = 0): void {
    this.#probe.requestRejected(this.spec.name, this.now, request.attempt.criticality, wasted);
  }

  loadChanged(waiting: number, busy: number): void {
    this.#waiting += waiting;
    this.#busy += busy;
    this.#probe.loadChanged(this.spec.name, this.now, this.#waiting, this.#busy);
  }

  /** A replica is away because of one more fault, and gets no requests. */
  takeAway(replica: Replica): void {
    replica.away++;
    this.#findPresent();
  }

  /** One fault that kept a replica away is over. */
  bringBack(replica: Replica): void {
    replica.away--;
    this.#findPresent();
  }

  /** Spreads the workers that are left over the replicas, evenly: at least one, if it is more than none. */
  spreadWorkers(): void {
    const { capacity } = this.conditions;
    const { replicas } = this;
    const least = capacity > 0 ? 1 / replicas.length : 0;
    const each = Math.max(least, this.spec.server.workers * capacity);
    replicas.forEach((replica, at) =>
      replica.setWorkers(Math.round((at + 1) * each) - Math.round(at * each)),
    );
    this.#findPresent();
  }

  /** A replica without a worker gets nothing, as long as others have one. */
  #findPresent(): void {
    const there = this.replicas.filter(({ away }) => away === 0);
    const able = there.filter(({ workers }) => workers > 0);
    this.#present = able.length > 0 ? able : there;
  }

  #arrive(request: Request): void {
    const { name, server } = this.spec;
    this.#probe.requestArrived(name, this.now, request.first);
    const obstacle = this.conditions.obstacle(request.call.edge.from);
    if (server.queue.abandoned === 'cancelled' && request.attempt.isAbandoned) {
      // Given up while the network held it.
      this.dropped(request);
      request.answer(answers.reset);
    } else if (obstacle !== null) {
      this.reject(request, obstacle === 'refuse' ? answers.refused : answers.reset);
    } else {
      const replica = this.#choose();
      if (replica === null) this.reject(request, answers.refused);
      else replica.receive(request);
    }
  }

  /** Where giving up cancels, it ends the operation: until then a bulkhead may keep a place for it. */
  #leaveUnanswered(request: Request): void {
    if (this.spec.server.queue.abandoned !== 'cancelled') return;
    const { signal } = request.attempt;
    signal.addEventListener('abort', () => request.answer(answers.reset), { once: true });
  }

  /** Callers know which replicas are there; null if none is. */
  #choose(): Replica | null {
    const present = this.#present;
    if (present.length < 2) return present[0] ?? null;
    switch (this.spec.server.balancing) {
      case 'random':
        return present[Math.floor(this.#random.next() * present.length)]!;
      case 'round-robin':
        return present[this.#turn++ % present.length]!;
      case 'least-busy':
        return this.#leastBusy();
    }
  }

  /** Of equally busy ones, the one whose turn it is: else the first would get all. */
  #leastBusy(): Replica {
    const present = this.#present;
    const turn = this.#turn++;
    let least = present[turn % present.length]!;
    for (let i = 1; i < present.length; i++) {
      const other = present[(turn + i) % present.length]!;
      if (other.busy + other.waiting < least.busy + least.waiting) least = other;
    }
    return least;
  }
}

function placed(stages: Service['stages']): readonly (readonly StageCall[])[] {
  let slot = 0;
  let place = 0;
  return stages.map((edges) =>
    edges.map(({ times }) => {
      const call = { times, slot: slot++, place };
      place += Math.ceil(times);
      return call;
    }),
  );
}
