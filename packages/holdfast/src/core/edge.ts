import type { Call } from './call.ts';
import type { Observer, Settled } from './policy.ts';
import { isHoldfastError } from './errors.ts';
import type { AttemptRecord, StoppedBy, Verdict } from './outcome.ts';
import { attemptRecord } from './record.ts';

/** What `tryCall` answers: the same as `call`, with nothing thrown. */
export type Result<T> = {
  /** What the last attempt meant. A value may well be `transient`: a 503 that was not retried any further. */
  readonly verdict: Verdict;
  /** Every attempt, oldest first (of more than 100, the first and the last 99). */
  readonly attempts: readonly AttemptRecord[];
  /** Why no further attempt was made; null after a success. */
  readonly stoppedBy: StoppedBy | null;
  /** The value is a fallback's; `verdict` and `stoppedBy` say why it was needed. */
  readonly fellBack: boolean;
} & (
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: unknown; readonly value?: undefined }
);

/** The edge of `call`: one promise, made here, resolved or rejected. */
export const callEdge: Observer = {
  onFlatStack: false,
  settled: (call) => {
    if (call.ok) call.resolve!(call.outcome);
    else call.reject!(call.outcome);
  },
};

/** The edge of `tryCall`: one promise that is never rejected. */
export const tryEdge: Observer = {
  onFlatStack: false,
  settled: (call) => call.resolve!(resultOf(call)),
};

/** The edge of `start`: no promise at all. */
export const callbackEdge: Observer = {
  onFlatStack: true,
  settled: (call) => (call.resolve as (settled: Settled) => void)(call),
};

/** The promise of a call that is about to start. */
export function promiseOf<T>(call: Call): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    call.resolve = resolve as (value: unknown) => void;
    call.reject = reject;
  });
}

/**
 * Puts the caller's async frames on a refusal that has none: V8 finds them only from inside an
 * async function that the caller awaits, so this costs a promise and is for diagnostics.
 */
export async function withFrames<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (isHoldfastError(error) && !String(error.stack).includes('\n    at ')) {
      Error.captureStackTrace?.(error, withFrames);
    }
    throw error;
  }
}

const NO_RECORDS: readonly AttemptRecord[] = Object.freeze([]);

/** The result of a call that has ended. */
export function resultOf(call: Call): Result<unknown> {
  const { verdict, stoppedBy, fellBack, ok, outcome } = call;
  const attempts = recordsOf(call);
  return ok
    ? { ok, value: outcome, verdict, attempts, stoppedBy, fellBack }
    : { ok, error: outcome, verdict, attempts, stoppedBy, fellBack };
}

/** A first attempt that succeeded is remembered only now that somebody asks. */
function recordsOf(call: Call): readonly AttemptRecord[] {
  if (call.records !== null) return call.records;
  return call.attempts === 0 ? NO_RECORDS : [attemptRecord(call, call.verdict)];
}
