import type { Criticality } from 'holdfast';
import type { DependencyData, EffectivePolicy } from 'holdfast/spec';

/**
 * A fleet as its spec states it, checked and complete: names are resolved, defaults filled in,
 * durations are milliseconds and rates are per second.
 */
export interface Fleet {
  readonly name: string;
  /** Services of one's own and external ones, by name, in the order of the file. */
  readonly services: ReadonlyMap<string, Service>;
  /** Who sends requests from outside, by name. */
  readonly users: ReadonlyMap<string, Users>;
  readonly scenarios: ReadonlyMap<string, Scenario>;
  /** By name; `holdfast` lays nothing over. */
  readonly lanes: ReadonlyMap<string, Lane>;
  /** Findings of the audit that somebody has looked at and accepts. */
  readonly accepted: readonly Accepted[];
}

/** Options to compare: laid over those of every edge, but of edges without a policy only if it says so. */
export interface Lane {
  readonly options: DependencyData;
  /** It is laid over edges with `policy: none` as well. */
  readonly overNone: boolean;
  /** Calls carry the keys that the spec says they do; else they are repeated all the same. */
  readonly sendsKeys: boolean;
}

/** Where in the spec something was said: keys and indices from the top. */
export type SpecPath = readonly (string | number)[];

/** Where something stands in a file; lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: SpecPath;
}

/** A service, or a dependency outside of the fleet. */
export interface Service {
  readonly name: string;
  readonly path: SpecPath;
  /** Not ours: its configuration is not in our hands, and it calls nobody that we know of. */
  readonly external: boolean;
  readonly replicas: number;
  readonly server: Server;
  /** What the spec states of these; where it does not, its server has the default. */
  readonly stated: ReadonlySet<Capacity>;
  /** What it remembers of keys; null if it does not. */
  readonly idempotency: Idempotency | null;
  /** What one received request calls: the stages one after another, the calls of one stage at once. */
  readonly stages: readonly (readonly Edge[])[];
  /** How long it usually takes to recover, as its owners state it; null if they do not. */
  readonly recoveryTime: number | null;
  readonly shutdown: Shutdown;
  /** Services that its liveness probe asks. */
  readonly livenessAsks: readonly string[];
}

/** What decides how much one replica can serve. */
export type Capacity = 'workers' | 'serviceTime';

/** How one replica serves. */
export interface Server {
  /** Requests that are worked on at once. */
  readonly workers: number;
  readonly serviceTime: Distribution;
  readonly queue: Queue;
  /** Share of requests that fail by themselves, 0 to 1. */
  readonly failures: number;
  /** How callers choose among the replicas. */
  readonly balancing: 'random' | 'round-robin' | 'least-busy';
  /** Requests that a cache answers without the service's calls; null without one. */
  readonly cache: Cache | null;
}

export interface Queue {
  /** Requests that may wait in one replica; Infinity for no bound. */
  readonly max: number;
  readonly order: 'fifo' | 'lifo' | 'priority';
  /** What becomes of a waiting or running request whose caller has given up. */
  readonly abandoned: 'executed' | 'cancelled';
  /** Requests of which less is left than serving usually takes are dropped when their turn comes. */
  readonly checksDeadline: boolean;
}

export interface Cache {
  /** Share of requests that it answers when it is full, 0 to 1. */
  readonly hitRate: number;
  /** Distinct keys; a miss fills one. */
  readonly keys: number;
  /** How long an entry lives; Infinity for ever. */
  readonly ttl: number;
}

/** What is remembered of keys, for all replicas alike; see `idempotency()`. */
export interface Idempotency {
  /** How long a claim holds whose owner has died. */
  readonly lease: number;
  /** How long an answer is kept. */
  readonly retention: number;
  /** What becomes of a key whose owner has died, once the lease is over. */
  readonly onExpiredLease: 'refuse' | 'takeover';
  /** How long a repeat waits for the first's answer. */
  readonly wait: number;
}

export interface Shutdown {
  /** From SIGTERM until everything should have finished. */
  readonly drain: number;
  /** When the platform kills; null if not stated. */
  readonly terminationGracePeriod: number | null;
}

/** A caller's way to one callee: how often, how important, and under which policy. */
export interface Edge {
  /** `checkout > payments`; a second edge of the same two has ` (2)` behind it. */
  readonly id: string;
  readonly path: SpecPath;
  /** A service or, for the first edge of a chain, users. */
  readonly from: string;
  readonly to: string;
  /** Calls for one received request; a fraction is a probability. */
  readonly times: number;
  /** Without it the caller's answer is still good. */
  readonly optional: boolean;
  readonly idempotent: boolean;
  /** Sent with an idempotency key: repeating has no second effect where the callee remembers keys. */
  readonly keyed: boolean;
  readonly criticality: Criticality;
  /** The named policy that it uses; null if it states its own, or none. */
  readonly policyName: string | null;
  /** Its policy is `none`: it has nothing but a timeout. */
  readonly bare: boolean;
  /** In the words of `dependency()`: what `dependency(name, options)` is given. */
  readonly options: DependencyData;
  /** The same with every default, in milliseconds. */
  readonly policy: EffectivePolicy;
}

/** People and systems that call the fleet. Their edge is `users > service`. */
export interface Users {
  readonly name: string;
  readonly path: SpecPath;
  readonly edge: Edge;
  readonly arrivals: Arrivals;
  /** Who waits longer has left, and an answer is in vain. */
  readonly patience: number;
}

export type Arrivals =
  | {
      readonly kind: 'open';
      readonly process: 'poisson' | 'constant';
      /** Requests a second, over time: each piece from its moment until the next one's. */
      readonly rate: readonly RatePiece[];
    }
  | { readonly kind: 'closed'; readonly clients: number; readonly think: Distribution }
  | { readonly kind: 'trace'; readonly at: readonly number[] };

export interface RatePiece {
  /** From this moment of the scenario on. */
  readonly at: number;
  readonly rate: number;
  /** The rate at the piece's end, for a ramp; the same as `rate` otherwise. */
  readonly until: number;
}

/** A length of time that is drawn each time. Means and values are milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'erlang'; readonly mean: number; readonly stages: number }
  | { readonly kind: 'lognormal'; readonly mean: number; readonly cv: number }
  | { readonly kind: 'hyperexponential'; readonly mean: number; readonly cv: number }
  | { readonly kind: 'empirical'; readonly values: readonly number[] }
  | {
      readonly kind: 'mixture';
      readonly of: readonly { readonly weight: number; readonly time: Distribution }[];
    }
  /** Grows with the requests that are worked on at once: time x (1 + slope x (concurrency - 1)). */
  | { readonly kind: 'loaded'; readonly time: Distribution; readonly slope: number };

export interface Scenario {
  readonly name: string;
  readonly path: SpecPath;
  /** What one sees in it, for the report. */
  readonly about: string;
  /** How long it runs, in virtual milliseconds. */
  readonly duration: number;
  /** Not measured, at the beginning. */
  readonly warmUp: number;
  /** Arrivals in place of the users' own, by the users' name. */
  readonly load: ReadonlyMap<string, Arrivals>;
  readonly faults: readonly Fault[];
  readonly expectations: readonly Expectation[];
}

/** When. `to` is exclusive; Infinity lasts to the end. */
export interface During {
  readonly path: SpecPath;
  readonly from: number;
  readonly to: number;
}

/** When and where. */
export interface At extends During {
  /** The service that it happens to. */
  readonly on: string;
}

export type Fault =
  /** Serving takes `times` as long, and `plus` longer. */
  | (At & {
      readonly kind: 'latency';
      readonly times: number;
      readonly plus: Distribution | null;
    })
  /** A share of its answers are errors of this verdict. */
  | (At & {
      readonly kind: 'errors';
      readonly rate: number;
      readonly verdict: 'transient' | 'overload' | 'terminal';
    })
  /** It refuses connections (`refuse`: never sent), resets them, or never answers (`hang`). */
  | (At & { readonly kind: 'outage'; readonly how: 'refuse' | 'reset' | 'hang' })
  /** The network holds what is sent to it, and delivers all at the end. */
  | (At & { readonly kind: 'hold' })
  /** No call gets through between a service or users of the one group and of the other, in either direction. */
  | (During & {
      readonly kind: 'partition';
      readonly groups: readonly [readonly string[], readonly string[]];
    })
  /** So many replicas die, their queues with them; they are back at the end, with empty caches. */
  | (At & { readonly kind: 'crash'; readonly replicas: number })
  /** Its workers are this share of what they were. */
  | (At & { readonly kind: 'capacity'; readonly share: number })
  /** From `from` on serving takes `times` as long, and less and less until `to`. */
  | (At & { readonly kind: 'slow-start'; readonly times: number })
  /** Its caches are emptied at `from`. */
  | (At & { readonly kind: 'cache-flush' })
  /** Replicas restart one after another, each away for `away`; capacity is missing meanwhile. */
  | (At & { readonly kind: 'deploy'; readonly away: number })
  /** Its clocks run this much fast: deadlines that come with requests seem nearer. */
  | (At & { readonly kind: 'clock-skew'; readonly by: number });

/** What must hold, or the run fails. */
export interface Expectation {
  readonly path: SpecPath;
  /** As it is written: `amplification at payments <= 1.2`. */
  readonly text: string;
  readonly measure: Measure;
  /** A service or users; null for the fleet. */
  readonly at: string | null;
  readonly during: 'all' | 'before' | 'fault' | 'after';
  readonly is: '<=' | '>=' | '=';
  /** Milliseconds, shares from 0 to 1, or plain numbers, as the measure has it. */
  readonly bound: number;
}

export type Measure =
  | 'amplification'
  | 'attempts-per-call'
  | 'goodput'
  | 'p50'
  | 'p95'
  | 'p99'
  | 'recovery'
  | 'duplicates'
  | 'wasted'
  | 'queue'
  | 'metastable';

/** A finding of the audit that is accepted. */
export interface Accepted {
  readonly rule: string;
  /** The service or edge; null for every one. */
  readonly at: string | null;
  readonly because: string;
}
