import type { Finding, Place } from './finding.ts';

/** How a request is repeated. */
export interface Repeats {
  /** Requests that are made of one, at most. */
  readonly maxAttempts: number;
  /** Attempts run beside one another, so many milliseconds apart as `backoff` says. */
  readonly hedges: boolean;
  /** On what, in the layer's own words. */
  readonly retryOn: readonly string[];
  /** Nobody has asked for it: a default. */
  readonly implicit: boolean;
}

/** What one layer between a caller and its callee does to each request; of several ways through it, the worst. */
export interface Layer extends Repeats {
  /** `library` is the spec's own policy; `inbound` is the callee's sidecar. */
  readonly kind: 'library' | 'grpc' | 'sidecar' | 'inbound';
  /** Names as in the spec; `from` is null for every caller of `to`. */
  readonly from: string | null;
  readonly to: string;
  /** The id of the one edge between them that it is on; null for all of them. */
  readonly edge: string | null;
  /** All ways that a request which may have an effect can take: routes of a mesh, methods of gRPC. */
  readonly ways: readonly Repeats[];
  /** On each way an attempt has a limit of time. */
  readonly isLimited: boolean;
  /** Milliseconds for one attempt, which may be more than for all; where there is no such limit, those for all. Infinity for no limit. */
  readonly perTry: number;
  /** Milliseconds for all its attempts and waits together; Infinity for no limit. */
  readonly timeout: number;
  /** The largest wait before attempt n + 1, in milliseconds. */
  readonly backoff: (n: number) => number;
  /** Extra load that it allows in the long run, as a share; Infinity without a budget. */
  readonly extraShare: number;
  /** Successes earn that share, so that there is none while everything fails. */
  readonly earnedBySuccess: boolean;
  /** Retries that each process may have under way at once, whatever the share comes to; 0 where there are none of that kind. */
  readonly concurrentFloor: number;
  /** What its requests go through, one of these each; each process has its own. None where nothing is known to bound them. */
  readonly pools: readonly Pool[];
  readonly place: Place;
}

/** Connections of a proxy to a callee. What nobody bounds is Infinity. */
export interface Pool {
  /** Requests at once, whatever their protocol. */
  readonly requests: Limit;
  /** Connections at once, beside the one that each thread of the proxy may always have to each replica. */
  readonly connections: Limit;
  /** Requests that one connection has at once. */
  readonly streams: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
}

export interface Limit {
  readonly most: number;
  readonly place: Place;
}

/** What was read from a mesh's or gRPC's configuration. */
export interface LayersRead {
  readonly layers: readonly Layer[];
  /** What is wrong or surprising in the files themselves: invalid, clamped, implicit. */
  readonly findings: readonly Finding[];
}
