export type { Awaitable } from './awaitable.ts';
export { idempotency } from './engine.ts';
export {
  type ConflictReason,
  IdempotencyConflictError,
  type IdempotencyErrorDetails,
  IdempotencyMismatchError,
  IdempotencyStoreError,
  LeaseLostError,
} from './errors.ts';
export { fingerprintOf } from './fingerprint.ts';
export type {
  Completion,
  Execution,
  Idempotency,
  IdempotentOptions,
  Keep,
  Opened,
  OpenRequest,
  OwnedExecution,
  Reconciled,
  Settled,
  Settlement,
  SettleOptions,
  Unfinished,
} from './idempotency.ts';
export {
  type CloseOptions,
  type IdempotencyOptions,
  idempotencyOptions,
  type MissingTransactions,
  safeToRetry,
  type TransactionalOptions,
  type WorkOutcome,
} from './options.ts';
export { StoreFullError } from './store-full.ts';
export type {
  Claim,
  ClaimRequest,
  Granted,
  IdempotencyStore,
  OnExpiredLease,
  Owned,
  RecoveryPoint,
  Transacted,
  TransactionalStore,
  TransactRequest,
} from './store.ts';
export type {
  IdempotencyEndedEvent,
  IdempotencyEvent,
  IdempotencyHookFailedEvent,
  IdempotencyLeaseLostEvent,
  IdempotencyOpenedEvent,
  IdempotencyReconciledEvent,
  IdempotencySettledEvent,
  IdempotencyStoreFailedEvent,
  IdempotencyStoreWarnedEvent,
  RefusingHook,
} from './telemetry.ts';
