import type { MetricDescriptor } from '../core/metrics.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';
import type { ConflictReason } from './errors.ts';

/** A request with a key was answered: how. */
export interface IdempotencyOpenedEvent extends RuntimeEvent {
  readonly type: 'idempotency.opened';
  /**
   * `claimed`, for the first time; `taken-over`, after a crash; `replayed`, also where the result was too long to be kept
   * or cannot be read; `mismatch`; `in-progress`; `outcome-unknown`; `nested`: by the work of that very key; `store-down`;
   * `unprotected`: done without the store; `aborted`; `closed`: refused, since the engine is.
   */
  readonly how:
    | 'claimed'
    | 'taken-over'
    | 'replayed'
    | 'mismatch'
    | Exclude<ConflictReason, 'not-replayable' | 'unreadable-record'>
    | 'store-down'
    | 'unprotected'
    | 'aborted'
    | 'closed';
}

/** Work ended, and the store was told: one for each `claimed` and `taken-over` whose process lives on. */
export interface IdempotencyEndedEvent extends RuntimeEvent {
  readonly type: 'idempotency.ended';
  /**
   * `kept`; `released`; `held`: the outcome is unknown; `lost`: somebody had taken over; `untold`: the store could
   * not be told before the lease was over; `rolled-back`.
   */
  readonly how: 'kept' | 'released' | 'held' | 'lost' | 'untold' | 'rolled-back';
  /** Milliseconds since the claim. */
  readonly duration: number;
}

/** The lease may have passed to somebody else while the work ran, or the transaction has ended before it. */
export interface IdempotencyLeaseLostEvent extends RuntimeEvent {
  readonly type: 'idempotency.lease-lost';
}

/** `reconcile` was asked, and answered so, or failed. That is no work: no `idempotency.ended` comes of it. */
export interface IdempotencyReconciledEvent extends RuntimeEvent {
  readonly type: 'idempotency.reconciled';
  readonly outcome: 'done' | 'nothing-happened' | 'unknown' | 'failed';
}

/**
 * Somebody has settled a key: `done` or `nothing-happened`, as was said; or else how it stood, and nothing has changed
 * then. No `idempotency.ended` comes of it.
 */
export interface IdempotencySettledEvent extends RuntimeEvent {
  readonly type: 'idempotency.settled';
  readonly how: 'done' | 'nothing-happened' | 'absent' | 'in-progress' | 'completed';
}

/** What refuses a request if it fails, before anything was done. */
export type RefusingHook = 'tenant' | 'fingerprintBody';

/**
 * A function of the options threw, or answered what it may not: the outcome is held as unknown; of `tenant` and
 * `fingerprintBody`, the request was refused, and nothing was done.
 */
export interface IdempotencyHookFailedEvent extends RuntimeEvent {
  readonly type: 'idempotency.hook-failed';
  readonly hook: 'storeResult' | 'reconcile' | RefusingHook;
  /** What it threw (an Error that says so for undefined and null), or what is wrong with what it has answered. */
  readonly error: unknown;
}

/** A step of the store failed. */
export interface IdempotencyStoreFailedEvent extends RuntimeEvent {
  readonly type: 'idempotency.store-failed';
  readonly step:
    | 'claim'
    | 'extend'
    | 'checkpoint'
    | 'complete'
    | 'release'
    | 'reap'
    | 'transact'
    | 'check';
}

/** The check at the start has found what endangers the store's promises: one of these for each finding. */
export interface IdempotencyStoreWarnedEvent extends RuntimeEvent {
  readonly type: 'idempotency.store-warned';
  /** A sentence that says what it is, what it may lead to, and mostly what to do. */
  readonly warning: string;
}

/** Everything that an engine tells; a part of `HoldfastEvent`. `dependency` is the engine's name. */
export type IdempotencyEvent =
  | IdempotencyOpenedEvent
  | IdempotencyEndedEvent
  | IdempotencyLeaseLostEvent
  | IdempotencyReconciledEvent
  | IdempotencySettledEvent
  | IdempotencyHookFailedEvent
  | IdempotencyStoreFailedEvent
  | IdempotencyStoreWarnedEvent;

/** A part of `metrics`. */
export const idempotencyMetrics: readonly MetricDescriptor[] = [
  {
    name: 'holdfast.idempotency.requests',
    instrument: 'counter',
    unit: '{request}',
    what: 'Requests with a key, by how they were answered',
    attributes: ['dependency', 'how'],
    from: 'idempotency.opened',
  },
  {
    name: 'holdfast.idempotency.executions',
    instrument: 'counter',
    unit: '{execution}',
    what: 'Executions that ended, by what was kept of them',
    attributes: ['dependency', 'how'],
    from: 'idempotency.ended',
  },
  {
    name: 'holdfast.idempotency.duration',
    instrument: 'histogram',
    unit: 's',
    what: 'Time from a claim to the end of its execution',
    attributes: ['dependency', 'how'],
    from: 'idempotency.ended',
    value: 'duration',
    scale: 0.001,
  },
  {
    name: 'holdfast.idempotency.leases_lost',
    instrument: 'counter',
    unit: '{lease}',
    what: 'Leases that may have passed to somebody else while the work ran',
    attributes: ['dependency'],
    from: 'idempotency.lease-lost',
  },
  {
    name: 'holdfast.idempotency.reconciliations',
    instrument: 'counter',
    unit: '{execution}',
    what: 'Executions of unknown outcome that were looked into',
    attributes: ['dependency', 'outcome'],
    from: 'idempotency.reconciled',
  },
  {
    name: 'holdfast.idempotency.settlements',
    instrument: 'counter',
    unit: '{key}',
    what: 'Keys that somebody was to settle, by what came of it',
    attributes: ['dependency', 'how'],
    from: 'idempotency.settled',
  },
  {
    name: 'holdfast.idempotency.hook_failures',
    instrument: 'counter',
    unit: '{failure}',
    what: 'Outcomes held as unknown and requests refused, since a function of the options failed',
    attributes: ['dependency', 'hook'],
    from: 'idempotency.hook-failed',
  },
  {
    name: 'holdfast.idempotency.store_failures',
    instrument: 'counter',
    unit: '{step}',
    what: 'Steps of the store that failed or took too long',
    attributes: ['dependency', 'step'],
    from: 'idempotency.store-failed',
  },
  {
    name: 'holdfast.idempotency.store_warnings',
    instrument: 'counter',
    unit: '{warning}',
    what: 'What the check at the start has found to endanger the promises of the store',
    attributes: ['dependency'],
    from: 'idempotency.store-warned',
  },
];
