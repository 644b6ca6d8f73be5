import {
  type Attempt,
  type Classifier,
  type CallOptions,
  type Dependency,
  dependency,
  type DependencyOptions,
  noContext,
  pending,
  type Random,
  type RuntimeEvent,
  type Settled,
} from 'holdfast';
import { allowance, CRITICALITIES, effectivePolicy, Problems } from 'holdfast/spec';
import { optionsIn } from '../spec/lanes.ts';
import type { Edge, Lane } from '../spec/model.ts';
import { classifyAnswer } from './answers.ts';
import type { Intent } from './intent.ts';
import type { EdgeState, Probe } from './probe.ts';
import { Request } from './request.ts';
import type { ServiceNode } from './service.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Who makes calls, and is told how they ended. */
export interface Caller {
  /** Synchronously, perhaps before `start` has returned. */
  answered(call: OutboundCall, settled: Settled): void;
}

/** What the clients of a world share. */
export interface ClientWorld {
  readonly clock: VirtualClock;
  readonly probe: Probe;
  /** The root of all randomness. */
  readonly random: Random;
  readonly lane: Lane;
}

/** An edge with all its clients: one for each process that calls. */
export class ClientGroup {
  readonly edge: Edge;
  readonly target: ServiceNode;
  readonly world: ClientWorld;
  readonly clients: Client[] = [];
  /** Attempts under way. */
  running = 0;
  /** What every client gets: the edge's options in this lane. */
  readonly options: DependencyOptions & { readonly classify: Classifier<unknown> };
  /** The time of a whole call; null where calls have no deadline, and so inherit none. */
  readonly deadline: number | null;
  /** The place of the edge's criticality among all, most important first. */
  readonly rank: number;
  /** Its calls carry a key. */
  readonly keyed: boolean;
  /** What is said of a call that inherits nothing. */
  readonly asked: CallOptions;

  constructor(edge: Edge, target: ServiceNode, world: ClientWorld) {
    this.edge = edge;
    this.target = target;
    this.world = world;
    const merged = optionsIn(world.lane, edge) as DependencyOptions;
    const problems = new Problems();
    this.deadline = effectivePolicy(merged, edge.id, problems).deadline;
    problems.throwAny();
    this.options = { ...merged, classify: classifyAnswer };
    this.rank = CRITICALITIES.indexOf(edge.criticality);
    this.keyed = edge.keyed && world.lane.sendsKeys;
    this.asked = {
      idempotent: edge.idempotent || edge.keyed !== this.keyed,
      key: this.keyed ? 'key' : undefined,
      criticality: edge.criticality,
    };
  }

  /** Hears the clients' events. */
  readonly sink = (event: RuntimeEvent): void => {
    if (event.type !== 'attempt.settled') return;
    const { edge, world } = this;
    const { duration, verdict } = event as AttemptSettled;
    this.running--;
    world.probe.attemptEnded(edge.id, world.clock.now(), duration, verdict);
  };

  /** A client for one more process. */
  newClient(): Client {
    const client = new Client(this, `client ${this.edge.id} ${this.clients.length}`);
    this.clients.push(client);
    return client;
  }

  /** See `World.stateOf`. */
  state(): EdgeState {
    let breakers = 0;
    let open = 0;
    let budgets = 0;
    let used = 0;
    let queued = 0;
    for (const { dependency: one } of this.clients) {
      if (one.breaker !== null) {
        breakers++;
        if (one.breaker.state !== 'closed') open++;
      }
      const snapshot = one.snapshot() as PolicySnapshots;
      if (snapshot['retry-budget'] !== undefined) {
        budgets++;
        used += snapshot['retry-budget'].utilisation;
      }
      queued += snapshot.bulkhead?.queued ?? 0;
    }
    return {
      open: breakers === 0 ? null : open / breakers,
      budget: budgets === 0 ? null : used / budgets,
      inFlight: this.running + queued,
    };
  }
}

interface PolicySnapshots {
  readonly 'retry-budget'?: { readonly utilisation: number };
  readonly bulkhead?: { readonly queued: number };
}

/** The client that one process has for one edge: a `dependency()` as in production. */
export class Client {
  readonly dependency: Dependency;
  readonly group: ClientGroup;

  constructor(group: ClientGroup, label: string) {
    this.group = group;
    const { edge, options, sink, world } = group;
    this.dependency = dependency(edge.to, options, {
      clock: world.clock,
      random: world.random.fork(label),
      context: noContext,
      dependency: edge.to,
      diagnostics: false,
      sink,
    });
  }

  /** Calls on behalf of somebody who was not asked by anybody: a user. */
  start(caller: Caller, intent: Intent): void {
    this.#begin(new OutboundCall(this, caller, intent, null), this.group.asked);
  }

  /** Calls on behalf of a request that is being served, which hands on deadline and criticality. */
  startFor(request: Request, intent: Intent): void {
    const { asked, deadline, rank } = this.group;
    const criticality = CRITICALITIES[Math.max(rank, request.rank)]!;
    const signal = request.cancels ? request.attempt.signal : undefined;
    const left = request.remaining();
    const time =
      deadline === null || left === Infinity ? undefined : Math.max(0, allowance(deadline, left));
    this.#begin(new OutboundCall(this, request, intent, request), {
      ...asked,
      criticality,
      signal,
      deadline: time,
    });
  }

  #begin(call: OutboundCall, options: CallOptions): void {
    const { edge, world } = this.group;
    world.probe.callStarted(edge.id, call.startedAt);
    this.dependency.start(call.operation, call.done, options);
  }
}

type AttemptSettled = Extract<
  Parameters<NonNullable<DependencyOptions['onEvent']>>[0],
  { readonly type: 'attempt.settled' }
>;

/** One call on its way, with its attempts. */
export class OutboundCall {
  readonly client: Client;
  readonly intent: Intent;
  readonly startedAt: number;
  readonly #caller: Caller;
  /** Nobody on the way to this call has tried twice. */
  readonly #first: boolean;

  constructor(client: Client, caller: Caller, intent: Intent, onBehalfOf: Request | null) {
    this.client = client;
    this.intent = intent;
    this.startedAt = client.group.world.clock.now();
    this.#caller = caller;
    this.#first = onBehalfOf?.first ?? true;
  }

  get edge(): Edge {
    return this.client.group.edge;
  }

  get keyed(): boolean {
    return this.client.group.keyed;
  }

  readonly operation = (attempt: Attempt): typeof pending => {
    const { group } = this.client;
    const { clock, probe } = group.world;
    group.running++;
    probe.attemptStarted(group.edge.id, clock.now(), attempt.number);
    group.target.send(new Request(this, attempt, this.#first && attempt.number === 1));
    return pending;
  };

  readonly done = (settled: Settled): void => {
    const { clock, probe } = this.client.group.world;
    const now = clock.now();
    probe.callEnded(this.edge.id, now, now - this.startedAt, settled.ok, settled.attempts);
    this.#caller.answered(this, settled);
  };
}
