import type { Call } from '../../core/call.ts';
import { GO, RUNNING, type Step, type Traits, WAIT } from '../../core/policy.ts';
import { whenSettled } from '../../core/edge.ts';
import { emit } from '../../core/events.ts';
import { parseOptions, Problems } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { TimerNode } from '../../runtime/clock.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import {
  checkAnswers,
  type FallbackOptions,
  fallbackOptions,
  type FallbackReason,
  type ParsedFallback,
} from './options.ts';
import { LastGood } from './state.ts';
import type { FallbackFailedEvent, FallbackUsedEvent } from './telemetry.ts';

/**
 * Answers in the dependency's place when it has failed: with a value, with what a function makes,
 * or with the last good answer.
 *
 * It is asked after a rejection, and after an answer with a failure's verdict; not after terminal
 * outcomes (the dependency did answer), nor after the caller's own abort. `run` has a timeout of its
 * own. If it fails too, the caller gets the call's own outcome. `fellBack` and the event
 * `fallback.used` say that a fallback has answered: keep it cheaper than what it replaces, and watch
 * its share.
 *
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function fallback<T>(
  options: FallbackOptions<T>,
  runtime: Runtime = systemRuntime,
): TypedPolicy<T> {
  checkRuntime(runtime, 'fallback');
  const parsed = parseOptions(fallbackOptions, options, 'fallback');
  const problems = new Problems();
  checkAnswers(parsed, 'fallback', problems);
  problems.throwAny();
  return new Fallback<T>(parsed, runtime);
}

const TRAITS: Traits = { repeats: true, straight: true };
/** Not straight: every good answer is kept, under a key that is made from the call's options. */
const STALE_TRAITS: Traits = { repeats: true };

class Fallback<T> implements TypedPolicy<T> {
  readonly runtime: Runtime;
  readonly #options: ParsedFallback;
  readonly #lastGood: LastGood | null;

  constructor(options: ParsedFallback, runtime: Runtime) {
    const { stale } = options;
    this.runtime = runtime;
    this.#options = options;
    this.#lastGood = stale === null ? null : new LastGood(stale.maxAge, stale.maxEntries);
  }

  get kind(): 'fallback' {
    return 'fallback';
  }

  get traits(): Traits {
    return this.#lastGood === null ? TRAITS : STALE_TRAITS;
  }

  sibling(): Fallback<T> {
    return this.#lastGood === null ? this : new Fallback(this.#options, this.runtime);
  }

  enter(call: Call): Step {
    call.fellBack = false;
    return GO;
  }

  leave(call: Call, slot: number): Step {
    // The call is cut by a policy further out, which has an answer of its own.
    if (call.index !== slot) return GO;
    const { verdict, stoppedBy } = call;
    if (verdict === 'success') {
      if (this.#lastGood !== null) this.#keep(call, this.#lastGood);
      return GO;
    }
    if (verdict === 'terminal' || stoppedBy === 'abort' || call.fellBack) return GO;
    const stale = this.#stale(call);
    if (stale !== null) return this.#answer(call, stale.value, 'stale');
    const { value, run } = this.#options;
    if (value !== undefined) return this.#answer(call, value, 'value');
    return run === undefined ? GO : this.#run(call, slot, run);
  }

  cancel(call: Call, slot: number): void {
    (call.slots![slot] as FallbackRun).end();
  }

  /** `run` has made an answer. */
  succeeded(call: Call, value: unknown): void {
    call.plan.scheduler.resume(call, this.#answer(call, value, 'run'));
  }

  /** `run` has thrown, or taken too long: the call's own outcome stands. */
  failed(call: Call, why: FallbackFailedEvent['why']): void {
    const { runtime } = this;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<FallbackFailedEvent>(runtime, { type: 'fallback.failed', dependency, why });
    }
    call.plan.scheduler.resume(call, GO);
  }

  #keep(call: Call, lastGood: LastGood): void {
    const key = this.#keyOf(call);
    if (key !== null) lastGood.store(key, call.outcome, this.runtime.clock.now());
  }

  #stale(call: Call): { readonly value: unknown } | null {
    if (this.#lastGood === null) return null;
    const key = this.#keyOf(call);
    return key === null ? null : this.#lastGood.find(key, this.runtime.clock.now());
  }

  #run(call: Call, slot: number, run: (reason: FallbackReason) => unknown): Step {
    const { clock, context } = this.runtime;
    const { asked } = call;
    clock.now();
    const time = Math.min(this.#options.timeout, asked?.parent?.remaining() ?? Infinity);
    const running = new FallbackRun(this, call);
    call.remember(slot, running);
    call.root.context ??= context.capture();
    clock.start(running, time);
    running.begin(run);
    return WAIT;
  }

  #answer(call: Call, value: unknown, source: FallbackUsedEvent['source']): typeof GO {
    const { runtime } = this;
    const { verdict, stoppedBy } = call;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<FallbackUsedEvent>(runtime, {
        type: 'fallback.used',
        dependency,
        source,
        verdict,
        stoppedBy,
      });
    }
    if (call.ok) call.plan.discard?.(call.outcome);
    call.ok = true;
    call.outcome = value;
    call.fellBack = true;
    return GO;
  }

  /** The key of what the call asks for; null without one, since another call's answer would be worse than none. */
  #keyOf(call: Call): string | null {
    const keyOf = this.#options.stale?.keyOf;
    if (keyOf === undefined) return '';
    try {
      const key: unknown = keyOf(call.asked ?? {});
      return typeof key === 'string' ? key : null;
    } catch {
      return null;
    }
  }
}

/** One run of the user's function. As a timer node, it is the run's timeout. */
class FallbackRun extends TimerNode {
  readonly #fallback: Fallback<unknown>;
  readonly #call: Call;
  /** The answer that it is to replace, if there is one. */
  readonly #replaces: { readonly value: unknown } | null;
  readonly #controller = new AbortController();
  #over = false;

  constructor(policy: Fallback<unknown>, call: Call) {
    super();
    this.#fallback = policy;
    this.#call = call;
    this.#replaces = call.ok ? { value: call.outcome } : null;
  }

  begin(run: (reason: FallbackReason) => unknown): void {
    const { verdict, stoppedBy, error, root } = this.#call;
    const { signal } = this.#controller;
    const reason = { verdict, stoppedBy, error, attempts: root.attempts, signal };
    whenSettled(
      () => run(reason),
      (value) => {
        if (this.#finish()) this.#fallback.succeeded(this.#call, value);
        else this.#call.plan.discard?.(value);
      },
      () => {
        if (this.#finish()) this.#fallback.failed(this.#call, 'error');
      },
    );
  }

  expire(): void {
    if (!this.#finish()) return;
    const { root, plan } = this.#call;
    plan.runtime.context.run(root.context, () => this.#controller.abort(), undefined);
    this.#fallback.failed(this.#call, 'timeout');
  }

  /** Ends it when nobody waits for it any more, nor for the answer that it was to replace. */
  end(): void {
    if (!this.#finish()) return;
    if (this.#replaces !== null) this.#call.plan.discard?.(this.#replaces.value);
    this.#controller.abort();
  }

  #finish(): boolean {
    if (this.#over) return false;
    this.#over = true;
    const call = this.#call;
    // The call waits no more: an abort that comes while it is answered is too late.
    call.step = RUNNING;
    call.plan.runtime.clock.stop(this);
    return true;
  }
}
