import { formatDuration } from './duration.ts';
import type { AttemptRecord, StoppedBy } from './outcome.ts';

/** Every code, with the HTTP status that a server answers when a call of its own has ended with that error. */
export const ERROR_STATUS = {
  ATTEMPT_TIMEOUT: 504,
  BULKHEAD_FULL: 503,
  CIRCUIT_OPEN: 503,
  DEADLINE_EXCEEDED: 504,
  IDEMPOTENCY_CONFLICT: 409,
  IDEMPOTENCY_MISMATCH: 422,
  IDEMPOTENCY_STORE: 503,
  LEASE_LOST: 409,
  RETRIES_EXHAUSTED: 502,
  RETRY_BUDGET_EXHAUSTED: 503,
} as const;

/** The codes of Holdfast's errors, each with a class and an HTTP status. */
export type ErrorCode = keyof typeof ERROR_STATUS;

/** What an error is made of. */
export interface ErrorDetails {
  readonly dependency: string;
  /** The policy that ended the call, e.g. `circuit-breaker`. */
  readonly policy: string;
  /** What happened, as a half sentence: the message adds dependency, attempts and elapsed time. */
  readonly reason: string;
  readonly attempts?: readonly AttemptRecord[] | undefined;
  /** How many attempts were started. */
  readonly made?: number | undefined;
  /** Milliseconds since the call began, where that is known. */
  readonly elapsed?: number | undefined;
  readonly retryAfter?: number | undefined;
  readonly stoppedBy: StoppedBy;
  readonly cause?: unknown;
}

const BRAND: unique symbol = Symbol.for('holdfast.error') as never;
const NO_ATTEMPTS: readonly AttemptRecord[] = Object.freeze([]);

/**
 * An error of Holdfast's own making: a refusal, a timeout, or the end of retrying. The reason of an
 * abort is never wrapped in one. The error of an operation reaches the caller as it is, unless Holdfast
 * ends the call after it: then it is the `cause`.
 *
 * It has no stack of its own in production (a refusal must stay cheap); `cause` keeps its stack.
 */
export class HoldfastError extends Error {
  /** What happened, for code to branch on; see `ERROR_STATUS`. */
  readonly code: ErrorCode;
  /** The dependency's name; '' for a pipeline outside of one. */
  readonly dependency: string;
  /** The policy that ended the call, e.g. `circuit-breaker`. */
  readonly policy: string;
  /** Milliseconds after which it is worth trying again, where that is known. */
  readonly retryAfter: number | undefined;
  /** The attempts that were made, oldest first (of more than 100, the first and the last 99). */
  readonly attempts: readonly AttemptRecord[];
  /** Why no further attempt was made. */
  readonly stoppedBy: StoppedBy;

  constructor(code: ErrorCode, details: ErrorDetails) {
    super(describe(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.dependency = details.dependency;
    this.policy = details.policy;
    this.retryAfter = details.retryAfter;
    this.attempts = details.attempts ?? NO_ATTEMPTS;
    this.stoppedBy = details.stoppedBy;
  }

  /** The HTTP status that says this to a caller further out. */
  get status(): number {
    return ERROR_STATUS[this.code];
  }

  /** For logs: without the cause and the attempts' errors, which may hold what must not be logged. */
  toJSON(): Record<string, unknown> {
    const { name, code, message, dependency, policy, retryAfter, stoppedBy } = this;
    const attempts = this.attempts.length;
    return { name, code, message, dependency, policy, retryAfter, stoppedBy, attempts };
  }

  /** By this, two copies of the package in one process agree on what a HoldfastError is. */
  get [BRAND](): true {
    return true;
  }
}

/**
 * The classes of errors by their codes, where a feature has classes of its own. It adds them where it
 * defines them, by declaration merging, for which this is an interface.
 */
export interface ErrorClasses {}

/** An error of that code, with all that its class says. */
export type ErrorOf<C extends ErrorCode> = (C extends keyof ErrorClasses
  ? ErrorClasses[C]
  : HoldfastError) & { readonly code: C };

/**
 * Whether a value is a Holdfast error, of any copy of this package; with `code`, whether it is one of
 * that code. It then has the fields of that code's class, such as `why` of an `IDEMPOTENCY_CONFLICT`.
 */
export function isHoldfastError(value: unknown): value is HoldfastError;
export function isHoldfastError<C extends ErrorCode>(
  value: unknown,
  code: C | undefined,
): value is ErrorOf<C>;
export function isHoldfastError(value: unknown, code?: ErrorCode): boolean {
  if (typeof value !== 'object' || value === null || !isBranded(value)) return false;
  return code === undefined || (value as HoldfastError).code === code;
}

function isBranded(value: object): boolean {
  try {
    return BRAND in value;
  } catch {
    // A revoked proxy, say. It may well have been thrown, and must not break whoever asks what it is.
    return false;
  }
}

/** The breaker is open: the dependency was not called. `retryAfter` says when it may be. */
export class CircuitOpenError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('CIRCUIT_OPEN', details);
  }
}

/** Another attempt was due, but retries have used up their share; `cause` is the last real error. */
export class RetryBudgetExhaustedError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('RETRY_BUDGET_EXHAUSTED', details);
  }
}

/** More than one attempt was made and none succeeded; `cause` is the last one's error. */
export class RetriesExhaustedError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('RETRIES_EXHAUSTED', details);
  }
}

/** All slots and queue places were taken, or the call could not have been served in time. */
export class BulkheadFullError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('BULKHEAD_FULL', details);
  }
}

/** One attempt ran longer than its timeout. */
export class AttemptTimeoutError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('ATTEMPT_TIMEOUT', details);
  }
}

/** The call's deadline passed, in an attempt, a wait or a queue; `cause` is the last attempt's error, if any. */
export class DeadlineExceededError extends HoldfastError {
  constructor(details: ErrorDetails) {
    super('DEADLINE_EXCEEDED', details);
  }
}

/** Gives errors the names of their classes, as written: a bundler that minifies gives the classes others. */
export function nameErrors(classes: Readonly<Record<string, { readonly prototype: Error }>>): void {
  for (const [name, { prototype }] of Object.entries(classes)) {
    Object.defineProperty(prototype, 'name', { value: name });
  }
}

nameErrors({
  HoldfastError,
  CircuitOpenError,
  RetryBudgetExhaustedError,
  RetriesExhaustedError,
  BulkheadFullError,
  AttemptTimeoutError,
  DeadlineExceededError,
});

/**
 * Builds an error without capturing a stack: capturing is two thirds of a refusal's cost, and the
 * frames would be Holdfast's own.
 */
export function withoutStack<E extends Error, D = ErrorDetails>(
  ErrorClass: new (details: D) => E,
  details: D,
): E {
  const limit = Error.stackTraceLimit;
  if (limit === undefined || limit === 0 || Object.isFrozen(Error)) return new ErrorClass(details);
  Error.stackTraceLimit = 0;
  try {
    return new ErrorClass(details);
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function describe(details: ErrorDetails): string {
  const subject = details.dependency === '' ? '' : `${details.dependency}: `;
  const made = details.made ?? 0;
  const attempts = made === 0 ? '' : made === 1 ? ', 1 attempt' : `, ${made} attempts`;
  const elapsed = details.elapsed === undefined ? '' : `, ${formatDuration(details.elapsed)}`;
  return `${subject}${details.reason} (${details.policy}${attempts}${elapsed})`;
}
