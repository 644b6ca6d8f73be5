import { TimerNode } from '../runtime/clock.ts';
import type { LiveAttempt } from './attempt.ts';
import type { Call } from './call.ts';
import type { Passage } from './passage.ts';
import { DONE, type Observer } from './policy.ts';
import { UnbuiltError } from './call-error.ts';
import { isHoldfastError } from './errors.ts';
import type { AttemptRecord, StoppedBy, Verdict } from './outcome.ts';
import { attemptRecord } from './record.ts';

/**
 * What `tryCall` answers: what came out of the call, with nothing thrown. The error of a refusal is
 * built when it is read, by a getter. So read it by its name: JSON and the console show it, but a copy
 * by `{ ...result }` does not have it.
 */
export type Result<T> = {
  /** What the last attempt meant. A value may well be `transient`: a 503 that was not retried any further. */
  readonly verdict: Verdict;
  /** Every attempt, oldest first (of more than 100, the first and the last 99). */
  readonly attempts: readonly AttemptRecord[];
  /** Why no further attempt was made; null after a success. */
  readonly stoppedBy: StoppedBy | null;
  /** Whether the value is a fallback's; `verdict` and `stoppedBy` say why it was needed. */
  readonly fellBack: boolean;
} & (
  | { readonly ok: true; readonly value: T; readonly error?: undefined }
  | { readonly ok: false; readonly error: unknown; readonly value?: undefined }
);

/** How a caller is told of the end of a call. */
export interface Edge extends Observer {
  /** Tells the caller of a call that went straight to its end, unless a promise of it does so anyway. */
  wentStraight(passage: Passage, value: unknown): void;
}

/** An edge whose caller gets a promise. */
export interface PromiseEdge extends Edge {
  /** The answer of a call that has ended; throws where the caller's promise is rejected. */
  answer(call: Call): unknown;
  /** The answer of a call that went straight. */
  straightAnswer(passage: Passage, value: unknown): unknown;
}

/** The edge of `call`. */
export const callEdge: PromiseEdge = {
  onFlatStack: false,
  answer: (call) => {
    if (call.ok) return call.outcome;
    throw call.error;
  },
  straightAnswer: (_passage, value) => value,
  wentStraight: ({ resolve }, value) => resolve!(value),
  settled: (call) => {
    if (call.ok) call.resolve?.(call.outcome);
    else call.reject?.(call.error);
  },
};

/** The edge of `tryCall`, whose promise is never rejected. */
export const tryEdge: PromiseEdge = {
  onFlatStack: false,
  answer: (call) => resultOf(call),
  straightAnswer: (passage, value) => straightResultOf(passage, value),
  wentStraight: (passage, value) => passage.resolve!(straightResultOf(passage, value)),
  settled: (call) => call.resolve?.(resultOf(call)),
};

/** The edge of `start`: no promise at all. */
export const callbackEdge: Edge = {
  onFlatStack: true,
  settled: callBack,
  wentStraight: (passage, value) => {
    passage.value = value;
    passage.plan.scheduler.deliver(passage);
  },
};

/** Tells the caller of `start`. */
export function callBack(ended: Call | Passage): void {
  const { resolve, plan } = ended;
  try {
    resolve!(ended);
  } catch (error) {
    plan.runtime.clock.start(new Thrown(error), 0);
  }
}

/**
 * What a caller's callback threw. It is thrown again in a turn of its own: the loop that has called
 * back may be in the middle of other calls, which must not be stopped halfway.
 */
class Thrown extends TimerNode {
  readonly #error: unknown;

  constructor(error: unknown) {
    super();
    this.#error = error;
  }

  expire(): void {
    throw this.#error;
  }
}

/** The one promise of a call that has been started. If the call has ended already, it is a settled one. */
export function promiseOf(call: Call): Promise<unknown> {
  if (call.step !== DONE) return pendingPromise(call);
  if (call.observer === tryEdge) return Promise.resolve(resultOf(call));
  return call.ok ? Promise.resolve(call.outcome) : Promise.reject(call.error);
}

/** To recognise promises by: another `then` may throw, or call back at once. */
const nativeThen: unknown = Promise.prototype.then;

/** Whether an operation has answered a promise whose `then` is the native one. */
export function isNativePromise(result: unknown): result is Promise<unknown> {
  return result instanceof Promise && result.then === nativeThen;
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if (typeof value !== 'object' && typeof value !== 'function') return false;
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}

/**
 * Settles an attempt as the promise settles that its operation returned. Somebody else's thenable is
 * made a promise first: it might call back in any async context, or with another thenable.
 */
export function followPromise(result: PromiseLike<unknown>, attempt: LiveAttempt): void {
  const promise = result instanceof Promise ? result : Promise.resolve(result);
  // Before `follow()`: a `then` of somebody's own may throw, which must still fail the attempt.
  promise.then(
    (value) => attempt.settle(true, value),
    (error: unknown) => attempt.settle(false, error),
  );
  attempt.follow();
}

/**
 * The caller's promise, for a call that goes straight and whose operation has returned `result`. Where
 * nothing else can end the call, `result.then()` makes that promise, and no other is needed.
 */
export function followStraight(passage: Passage, result: Promise<unknown>): Promise<unknown> {
  const promise = passage.followsPromise ? chained(passage, result) : followed(passage, result);
  // Only now, as in `followPromise`: its `then` may have thrown.
  passage.attempt.follow();
  return promise;
}

function chained(passage: Passage, result: Promise<unknown>): Promise<unknown> {
  return result.then(
    (value) =>
      passage.fulfilled(value)
        ? (passage.edge as PromiseEdge).straightAnswer(passage, value)
        : answerOf(passage.toCall()),
    (error: unknown) => {
      passage.rejected(error);
      return answerOf(passage.toCall());
    },
  );
}

function followed(passage: Passage, result: Promise<unknown>): Promise<unknown> {
  const promise = pendingPromise(passage);
  result.then(
    (value) => passage.answered(value),
    (error: unknown) => passage.rejected(error),
  );
  return promise;
}

function answerOf(call: Call): unknown {
  return call.step === DONE ? (call.observer as PromiseEdge).answer(call) : pendingPromise(call);
}

/** A promise that the call's end will settle. Made at most once for a call, before it has ended. */
export function pendingPromise(call: Call | Passage): Promise<unknown> {
  return new Promise((resolve, reject) => {
    call.resolve = resolve;
    call.reject = reject;
  });
}

/**
 * Runs a user's function and tells how it ends, whatever it does: returns, throws, or answers a
 * promise or thenable. Always tells later, never on this stack.
 */
export function whenSettled(
  run: () => unknown,
  fulfilled: (value: unknown) => void,
  rejected: (error: unknown) => void,
): void {
  void (async () => run())().then(fulfilled, rejected);
}

/** Takes what a listener has answered, and does nothing with it: an async listener that fails must not end the process. */
export function disregard(answer: unknown): void {
  // Not just any thenable: it may be a query that runs only once its `then` is called.
  if (answer instanceof Promise) answer.catch(() => {});
}

/**
 * Puts the caller's async frames on a refusal that has none. V8 finds them only from inside an async
 * function that the caller awaits: that costs a promise, so it is done for diagnostics alone.
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
function resultOf(call: Call): Result<unknown> {
  const { verdict, stoppedBy, fellBack, ok, outcome } = call;
  const attempts = recordsOf(call);
  if (ok) return { ok, value: outcome, verdict, attempts, stoppedBy, fellBack };
  if (UnbuiltError.is(outcome)) return new RefusedResult(call, attempts);
  return { ok, error: outcome, verdict, attempts, stoppedBy, fellBack };
}

function straightResultOf({ startedAt, plan }: Passage, value: unknown): Result<unknown> {
  const duration = startedAt === null ? NaN : plan.runtime.clock.now() - startedAt;
  const attempt = { attempt: 1, verdict: 'success', startedAfter: 0, duration } as const;
  const attempts = [attempt];
  return { ok: true, value, verdict: 'success', attempts, stoppedBy: null, fellBack: false };
}

/** A result whose error is built when it is read. */
class RefusedResult {
  readonly ok = false;
  readonly verdict: Verdict;
  readonly attempts: readonly AttemptRecord[];
  readonly stoppedBy: StoppedBy | null;
  readonly fellBack = false;
  readonly #call: Call;

  constructor(call: Call, attempts: readonly AttemptRecord[]) {
    this.verdict = call.verdict;
    this.attempts = attempts;
    this.stoppedBy = call.stoppedBy;
    this.#call = call;
  }

  get error(): unknown {
    return this.#call.error;
  }

  /** For logs and consoles, which do not see the getter. */
  toJSON(): Record<string, unknown> {
    const { ok, error, verdict, attempts, stoppedBy, fellBack } = this;
    return { ok, error, verdict, attempts, stoppedBy, fellBack };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): Record<string, unknown> {
    return this.toJSON();
  }
}

/** The attempts of a call. A success at the first attempt has no record until somebody asks here. */
function recordsOf(call: Call): readonly AttemptRecord[] {
  if (call.records !== null) return call.records;
  if (call.attempts === 0) return NO_RECORDS;
  if (call.startedAt !== null) call.plan.runtime.clock.now();
  return [attemptRecord(call, call.verdict)];
}
