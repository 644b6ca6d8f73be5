import type { Duration } from './duration.ts';

/**
 * One try at an operation, as the operation sees it. Each attempt has its own: what is read late is
 * still this attempt's, never the next one's. It may be taken apart: `({ signal, remaining }) => ...`.
 */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number;
  /**
   * Aborts when nobody waits for this attempt any more: it timed out, the caller aborted, the
   * deadline passed. Never aborts once the attempt has settled, so a streaming answer survives.
   * Made when it is first read: an operation that does not look pays nothing.
   */
  readonly signal: AbortSignal;
  /** Whether nobody waits for this attempt any more. As `signal.aborted`, but no signal is made for it. */
  readonly isAbandoned: boolean;
  /** When the whole call must be over, on the runtime's monotonic clock; Infinity without a deadline. */
  readonly deadline: number;
  /**
   * Milliseconds until nobody waits for this attempt any more: until its own timeout, or until the
   * deadline if that comes first. Infinity without either, never negative.
   */
  readonly remaining: () => number;
  /** How important the call is to those who wait for it. */
  readonly criticality: Criticality;
  /** The call's idempotency key, if it has one: the same in every attempt. */
  readonly key: string | undefined;
  /** Settles the attempt with a value; its operation returns `pending`. A second settling is ignored, and told as an event. */
  readonly succeed: (value: unknown) => void;
  /** Settles the attempt with an error, in the same way. */
  readonly fail: (error: unknown) => void;
}

/** How important a call is to those who wait for it, most important first. */
export const CRITICALITIES = ['critical_plus', 'critical', 'sheddable_plus', 'sheddable'] as const;

/** `critical_plus`, `critical` (the default), `sheddable_plus` or `sheddable`. */
export type Criticality = (typeof CRITICALITIES)[number];

/** What a caller may say of one call. */
export interface CallOptions {
  /**
   * Repeating the operation does no harm. Default false: after a failure that may have had its
   * effect, it is not repeated.
   */
  readonly idempotent?: boolean | undefined;
  /** The idempotency key by which the dependency recognises a repetition. With one, repeating is safe as well. */
  readonly key?: string | undefined;
  /**
   * `false`: the operation cannot be run a second time, whatever came of the first (it used up a
   * stream, say). Read before the first attempt, and whenever a further one is due. Default true.
   */
  readonly repeatable?: boolean | undefined;
  /** How important the call is: under pressure, more important ones go first. Default: the parent's, else `critical`. */
  readonly criticality?: Criticality | undefined;
  /**
   * Time for this whole call, waits and queues included, in place of the configured time; never more
   * than its parent has left. With 0 it is over at once. A moment, as of `Date.now()`, is refused.
   */
  readonly deadline?: Duration | undefined;
  /** The caller's own signal: when it aborts, the call ends with its reason, untouched. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The attempt on whose behalf this call is made. The call is as critical, and ends when that attempt
   * is abandoned. Where the pipeline has a deadline, the call also has no more time than the attempt has
   * left, less a reserve.
   */
  readonly parent?: Attempt | undefined;
}

/** What an operation returns to say that it will call `attempt.succeed` or `attempt.fail` itself. */
export const pending: unique symbol = Symbol('holdfast.pending');

/**
 * Runs one attempt. It settles exactly once, by promise, by value or throw, or by callback (see
 * `pending`); whatever it settles with after that, or after it was abandoned, is dropped.
 */
export type Operation<T = unknown> = (attempt: Attempt) => T | PromiseLike<T> | typeof pending;
