import {
  type Attempt,
  type AttemptSettledEvent,
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
import { allowance, CRITICALITIES, effectivePolicy, heardBy, Problems } from 'holdfast/spec';
import { isShared } from '../spec/dependencies.ts';
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

/** Calls of one edge that are kept to be used again. */
const MAX_SPARE = 1024;

/** An edge with all its clients: one for each process that calls, each with a breaker and a budget of its own. */
export class ClientGroup {
  readonly edge: Edge;
  readonly target: ServiceNode;
  readonly world: ClientWorld;
  /** As in production: a `dependency()` each. */
  readonly clients: Dependency[] = [];
  /** Attempts under way. */
  running = 0;
  /** Its clients are another edge's as well; that one counts what waits in their bulkheads. */
  #isShared = false;
  /** What every client gets: the edge's options in this lane. */
  readonly options: DependencyOptions & { readonly classify: Classifier<unknown> };
  /** The time of a whole call; null where calls have no deadline, and so inherit none. */
  readonly deadline: number | null;
  /** The place of the edge's criticality among all, most important first. */
  readonly rank: number;
  /** Its calls carry a key. */
  readonly keyed: boolean;
  /** The options of a call that inherits nothing. */
  readonly asked: CallOptions;
  /** Calls that have ended, to be used again with their requests: that spares a tenth of an attempt. */
  readonly #spare: OutboundCall[] = [];

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
    const { duration, verdict } = event as AttemptSettledEvent;
    this.running--;
    world.probe.attemptEnded(edge.id, world.clock.now(), duration, verdict);
  };

  /** A client for one more process. */
  newClient(): Dependency {
    const client = this.clients[0]?.sibling() ?? this.#firstClient();
    this.clients.push(client);
    return client;
  }

  /** Takes the client of another edge of the same process: a program has one for all calls under one policy. */
  share(client: Dependency): Dependency {
    this.#isShared = true;
    const same = heardBy(client, this.sink);
    this.clients.push(same);
    return same;
  }

  /** Whether a program's calls over both edges of one caller go through one dependency, in this lane. */
  sharesWith({ edge, options }: ClientGroup): boolean {
    return isShared({ to: this.edge.to, options: this.options }, { to: edge.to, options });
  }

  /** Makes a call of a user's, which is made on behalf of nobody else. */
  start(client: Dependency, caller: Caller, intent: Intent): void {
    this.#begin(client, this.#call(caller, intent, true), this.asked);
  }

  /** Makes a call on behalf of a request that is being served, which hands on its deadline and criticality. */
  startFor(request: Request, client: Dependency, intent: Intent): void {
    const { asked, deadline, rank } = this;
    const criticality = CRITICALITIES[Math.max(rank, request.rank)]!;
    const signal = request.cancels ? request.attempt.signal : undefined;
    const left = request.remaining();
    const time =
      deadline === null || left === Infinity ? undefined : Math.max(0, allowance(deadline, left));
    this.#begin(client, this.#call(request, intent, request.first), {
      ...asked,
      criticality,
      signal,
      deadline: time,
    });
  }

  /**
   * A call has ended, and may be used again if nobody can ask it or its request anything any more. After a failed attempt
   * a service may still work on the request, and a server of one's own may keep any request.
   */
  ended(call: OutboundCall, { attempts, verdict }: Settled): void {
    const isForgotten = attempts === 1 && verdict === 'success' && this.target.work === null;
    if (isForgotten && this.#spare.length < MAX_SPARE) this.#spare.push(call);
  }

  /** See `World.stateOf`. */
  state(): EdgeState {
    let breakers = 0;
    let open = 0;
    let budgets = 0;
    let used = 0;
    let queued = 0;
    for (const one of this.clients) {
      if (one.breaker !== null) {
        breakers++;
        if (one.breaker.state !== 'closed') open++;
      }
      const snapshot = one.snapshot() as PolicySnapshots;
      if (snapshot['retry-budget'] !== undefined) {
        budgets++;
        used += snapshot['retry-budget'].utilisation;
      }
      if (!this.#isShared) queued += snapshot.bulkhead?.queued ?? 0;
    }
    return {
      open: breakers === 0 ? null : open / breakers,
      budget: budgets === 0 ? null : used / budgets,
      inFlight: this.running + queued,
    };
  }

  #firstClient(): Dependency {
    const { edge, options, sink, world } = this;
    return dependency(edge.to, options, {
      clock: world.clock,
      random: world.random.fork(`clients ${edge.id}`),
      context: noContext,
      dependency: edge.to,
      diagnostics: false,
      sink,
    });
  }

  #call(caller: Caller, intent: Intent, first: boolean): OutboundCall {
    const spare = this.#spare.pop();
    if (spare === undefined) return new OutboundCall(this, caller, intent, first);
    spare.renew(caller, intent, first);
    return spare;
  }

  #begin(client: Dependency, call: OutboundCall, options: CallOptions): void {
    this.world.probe.callStarted(this.edge.id, call.startedAt);
    client.start(call.operation, call.done, options);
  }
}

interface PolicySnapshots {
  readonly 'retry-budget'?: { readonly utilisation: number };
  readonly bulkhead?: { readonly queued: number };
}

/** One call on its way, with its attempts. It may be used again for another. */
export class OutboundCall {
  readonly group: ClientGroup;
  intent: Intent;
  startedAt: number;
  #caller: Caller;
  /** Nobody on the way to this call has tried twice. */
  #first: boolean;
  /** That of the first attempt, which is used again with the call. */
  #request: Request | null = null;

  constructor(group: ClientGroup, caller: Caller, intent: Intent, first: boolean) {
    this.group = group;
    this.intent = intent;
    this.startedAt = group.world.clock.now();
    this.#caller = caller;
    this.#first = first;
  }

  /** Is another call from now on. */
  renew(caller: Caller, intent: Intent, first: boolean): void {
    this.intent = intent;
    this.startedAt = this.group.world.clock.now();
    this.#caller = caller;
    this.#first = first;
  }

  get edge(): Edge {
    return this.group.edge;
  }

  get keyed(): boolean {
    return this.group.keyed;
  }

  readonly operation = (attempt: Attempt): typeof pending => {
    const { group } = this;
    const { clock, probe } = group.world;
    group.running++;
    probe.attemptStarted(group.edge.id, clock.now(), attempt.number);
    group.target.send(this.#requestFor(attempt));
    return pending;
  };

  readonly done = (settled: Settled): void => {
    const { clock, probe } = this.group.world;
    const now = clock.now();
    probe.callEnded(this.edge.id, now, this.startedAt, settled.ok, settled.attempts);
    this.#caller.answered(this, settled);
    this.group.ended(this, settled);
  };

  #requestFor(attempt: Attempt): Request {
    if (attempt.number > 1) return new Request(this, attempt, false);
    if (this.#request === null) this.#request = new Request(this, attempt, this.#first);
    else this.#request.renew(attempt, this.#first);
    return this.#request;
  }
}
