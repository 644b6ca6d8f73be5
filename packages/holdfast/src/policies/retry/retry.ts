import type { Call } from '../../core/call.ts';
import { AGAIN, GO, type Refusal, type Step, type Traits, WAIT } from '../../core/policy.ts';
import { UnbuiltError } from '../../core/call-error.ts';
import { disregard } from '../../core/edge.ts';
import { AttemptTimeoutError, RetriesExhaustedError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { parseOptions, Problems } from '../../core/options.ts';
import { peekInside } from '../../core/inner-policies.ts';
import type { StoppedBy } from '../../core/outcome.ts';
import type { NeedsClassifier, TypedPolicy } from '../../core/pipeline.ts';
import { usualDuration } from '../../core/usual-duration.ts';
import { TimerNode } from '../../runtime/clock.ts';
import type { Random } from '../../runtime/random.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { checkBackoff, type ParsedRetry, type RetryOptions, retryOptions } from './options.ts';
import { jitteredWait } from './state.ts';
import type { RetryScheduledEvent, RetryStoppedEvent } from './telemetry.ts';

/** Attempts without a wait that may follow one another before other work gets its turn. */
const IMMEDIATE_IN_A_ROW = 100;

/**
 * Makes further attempts where the verdict says it may help and repeating does no harm: after
 * `transient` and `timeout` if the call is idempotent, keyed, or was never sent; after `overload`
 * when the dependency allows it, and not before its Retry-After.
 *
 * It stops early when a wait would not leave time for an attempt before the deadline, when the
 * retry budget is spent, or when the breaker is open; `stoppedBy` tells which. The caller then gets
 * the last attempt's value, if it had one. Otherwise a terminal error, and the error of a single
 * attempt, reach the caller as they are; after several attempts it is a `RetriesExhaustedError` with
 * the last error as `cause`.
 *
 * Needs `classify(...)` in the same pipeline, and wants a `retryBudget()` inside it.
 *
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function retry(
  options: RetryOptions = {},
  runtime: Runtime = systemRuntime,
): TypedPolicy<never, NeedsClassifier> {
  checkRuntime(runtime, 'retry');
  const parsed = parseOptions(retryOptions, options, 'retry');
  const problems = new Problems();
  checkBackoff(parsed.backoff, options.backoff, 'retry.backoff', problems);
  problems.throwAny();
  return new Retry(parsed, runtime);
}

const TRAITS: Traits = { repeats: true, straight: true };

class Retry implements TypedPolicy<never, NeedsClassifier> {
  readonly runtime: Runtime;
  readonly #options: ParsedRetry;
  /** Made at the first wait: a process may have ten thousand of these, and most never wait. */
  #random: Random | null = null;

  constructor(options: ParsedRetry, runtime: Runtime) {
    this.#options = options;
    this.runtime = runtime;
  }

  get kind(): 'retry' {
    return 'retry';
  }

  get traits(): Traits {
    return TRAITS;
  }

  enter(): Step {
    return GO;
  }

  leave(call: Call, slot: number): Step {
    if (call.verdict === 'success' || call.verdict === 'ignored') return GO;
    const before = call.slots?.[slot] as Memory | undefined;
    // A policy further in may fail before any attempt begins: that is a try, too.
    const tries = Math.max(call.root.attempts, (before?.waits ?? 0) + 1);
    let stoppedBy: StoppedBy | null;
    try {
      stoppedBy = this.#reasonToStop(call, tries);
    } catch (error) {
      // `repeatable` may be a getter that throws.
      return this.#blundered(call, error);
    }
    if (stoppedBy !== null) return this.#stop(call, stoppedBy);
    const refusal = peekInside(call, slot);
    if (refusal !== null) return this.#stop(call, refusal.stoppedBy, refusal);
    const memory = before ?? new Memory(call);
    call.remember(slot, memory);
    let wait: number;
    try {
      wait = this.#wait(call, memory, tries);
    } catch (error) {
      return this.#blundered(call, error);
    }
    if (wait + usualDuration(call.pipeline) >= call.remaining) return this.#stop(call, 'deadline');
    return this.#again(call, memory, wait);
  }

  cancel(call: Call, slot: number): void {
    this.runtime.clock.stop(call.slots![slot] as Memory);
    call.pipeline.waiting--;
  }

  #reasonToStop(call: Call, tries: number): StoppedBy | null {
    const { verdict, judgement } = call;
    const { maxAttempts, maxRetryAfter } = this.#options;
    if (verdict === 'terminal') return 'terminal';
    if (judgement?.retry === false) return 'pushback';
    if (call.asked?.repeatable === false) return 'unsafe';
    if (verdict !== 'overload' && !call.safeToRepeat) return 'unsafe';
    if (tries >= maxAttempts) return 'attempts';
    if (hintOf(call) > maxRetryAfter) return 'pushback';
    return null;
  }

  #wait(call: Call, memory: Memory, failures: number): number {
    const random = (this.#random ??= this.runtime.random.fork('retry'));
    const wait = jitteredWait(this.#options.backoff, failures, memory.previous, random);
    memory.waits++;
    memory.previous = wait;
    // Added, and not in place of the wait: else all who were told "in 5 s" would come back at once.
    return hintOf(call) + wait;
  }

  #again(call: Call, memory: Memory, wait: number): Step {
    const { runtime } = this;
    const { verdict } = call;
    const attempt = call.root.attempts;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<RetryScheduledEvent>(runtime, {
        type: 'retry.scheduled',
        dependency,
        attempt,
        verdict,
        wait,
      });
    }
    this.#notify(call, attempt, wait);
    dropAnswer(call);
    if (wait === 0 && ++memory.immediate % IMMEDIATE_IN_A_ROW !== 0) return AGAIN;
    call.root.context ??= runtime.context.capture();
    runtime.clock.start(memory, wait);
    call.pipeline.waiting++;
    return WAIT;
  }

  #notify(call: Call, attempt: number, wait: number): void {
    const { onRetry } = this.#options;
    if (onRetry === undefined) return;
    try {
      disregard(onRetry({ attempt, verdict: call.verdict, wait, error: call.error }));
    } catch {
      // A listener's trouble is not the call's.
    }
  }

  /** User code has thrown: as with a classifier, the caller gets that error, so that the failure does not hide it. */
  #blundered(call: Call, error: unknown): Step {
    dropAnswer(call);
    call.refuse(error, 'terminal');
    call.verdict = 'terminal';
    return this.#stop(call, 'terminal');
  }

  /** Ends retrying: the caller gets the last answer, or an error that says what was tried. */
  #stop(call: Call, stoppedBy: StoppedBy, refusal: Refusal | null = null): Step {
    const { runtime } = this;
    const { attempts } = call.root;
    const { verdict } = call;
    call.stoppedBy = stoppedBy;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<RetryStoppedEvent>(runtime, {
        type: 'retry.stopped',
        dependency,
        attempts,
        verdict,
        stoppedBy,
      });
    }
    if (call.ok || stoppedBy === 'terminal') return GO;
    if (refusal !== null) {
      call.outcome = refusal.error;
    } else if (attempts > 1) {
      call.outcome = new UnbuiltError(call, RetriesExhaustedError, {
        policy: this.kind,
        reason: `failed, and was not tried again (${stoppedBy})`,
        stoppedBy,
        retryAfter: call.judgement?.retryAfter,
        cause: call.error,
      });
    } else {
      tellTimeout(call, stoppedBy);
    }
    return GO;
  }
}

/** A timeout's error is made before anybody knows why its attempt was the last. That of a call further in has its own reason. */
function tellTimeout({ error, root }: Call, stoppedBy: StoppedBy): void {
  const isOwn = error instanceof AttemptTimeoutError && error.attempts === root.records;
  // Not assigned: it was the signal's reason, and an operation may have frozen it.
  if (isOwn) Reflect.set(error, 'stoppedBy', stoppedBy);
}

/** How long the dependency asked to be left alone, in milliseconds; 0 without a hint, and for one that is no time. */
function hintOf({ judgement }: Call): number {
  const hint: unknown = judgement?.retryAfter;
  return typeof hint === 'number' && hint > 0 ? hint : 0;
}

/** Drops this attempt's value, which nobody will receive. */
function dropAnswer(call: Call): void {
  if (!call.ok) return;
  call.plan.discard?.(call.outcome);
  call.outcome = undefined;
}

/** What is remembered of one call's retries. As a timer node, it is the timer of its waits. */
class Memory extends TimerNode {
  /** How many waits there were, those of no time included. */
  waits = 0;
  /** The last wait, in milliseconds. */
  previous = 0;
  /** How many of them were of no time. */
  immediate = 0;
  readonly #call: Call;

  constructor(call: Call) {
    super();
    this.#call = call;
  }

  expire(): void {
    const { pipeline, plan } = this.#call;
    pipeline.waiting--;
    plan.scheduler.resume(this.#call, AGAIN);
  }
}
