import { HoldfastError, nameErrors } from '../core/errors.ts';

/**
 * Why a key could not be had: another does the work right now; somebody began it and nobody knows how
 * that ended; it was done, and its result was too long to be kept; its record was written by a version of Holdfast that
 * this one cannot read; or the work itself has asked for its own key, and would wait for itself.
 */
export type ConflictReason =
  | 'in-progress'
  | 'outcome-unknown'
  | 'not-replayable'
  | 'unreadable-record'
  | 'nested';

/** What the errors of idempotency are made of. */
export interface IdempotencyErrorDetails {
  /** The engine's name. */
  readonly name: string;
  readonly why?: ConflictReason;
  /** What has happened, for people: of an `IdempotencyStoreError`. Default that the store cannot be asked. */
  readonly reason?: string;
  /** Milliseconds after which it is worth asking again. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

const CONFLICTS: Readonly<Record<ConflictReason, string>> = {
  'in-progress': 'another request with this key is in progress',
  'outcome-unknown': 'a request with this key was begun, and nobody knows how it ended',
  'not-replayable': 'it was done, and its result was too long to be kept: see maxResultLength',
  'unreadable-record': 'the record of this key was written by another version',
  nested: 'the work of this key has asked for the same key; for a part of it, use keyFor(name)',
};

/** The key is another's, or nobody knows what became of it: see `why`. This call has not done the work. */
export class IdempotencyConflictError extends HoldfastError {
  readonly why: ConflictReason;

  constructor({ name, why = 'in-progress', retryAfter }: IdempotencyErrorDetails) {
    super('IDEMPOTENCY_CONFLICT', { ...detailsOf(name, CONFLICTS[why]), retryAfter });
    this.why = why;
  }
}

/** The key was used before, for something else. The work was not done; asking again will not help. */
export class IdempotencyMismatchError extends HoldfastError {
  constructor({ name }: IdempotencyErrorDetails) {
    super('IDEMPOTENCY_MISMATCH', detailsOf(name, 'this key was used for a different request'));
  }
}

const UNASKED = 'the store of idempotency records cannot be asked';

/**
 * The store could not be asked, or is full, or the engine is closed, so the work was not done; or its transaction was not committed, or the answer
 * to that was lost. `cause` says why. Asking again is safe, and tells.
 */
export class IdempotencyStoreError extends HoldfastError {
  constructor({ name, reason = UNASKED, retryAfter, cause }: IdempotencyErrorDetails) {
    super('IDEMPOTENCY_STORE', { ...detailsOf(name, reason), retryAfter, cause });
  }
}

/** Somebody else has, or may have, taken over the key while the work ran: what they record counts. */
export class LeaseLostError extends HoldfastError {
  constructor({ name, cause }: IdempotencyErrorDetails) {
    super('LEASE_LOST', { ...detailsOf(name, 'the lease on this key was lost'), cause });
  }
}

declare module '../core/errors.ts' {
  interface ErrorClasses {
    readonly IDEMPOTENCY_CONFLICT: IdempotencyConflictError;
    readonly IDEMPOTENCY_MISMATCH: IdempotencyMismatchError;
    readonly IDEMPOTENCY_STORE: IdempotencyStoreError;
    readonly LEASE_LOST: LeaseLostError;
  }
}

nameErrors({
  IdempotencyConflictError,
  IdempotencyMismatchError,
  IdempotencyStoreError,
  LeaseLostError,
});

function detailsOf(name: string, reason: string) {
  return { dependency: name, policy: 'idempotency', reason, stoppedBy: 'rejected' } as const;
}
