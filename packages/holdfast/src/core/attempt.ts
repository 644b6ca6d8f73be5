import type { TimerNode, TimerOwner } from '../runtime/clock.ts';
import { type Call, type Caller, type CallGroup, criticalityOf } from './call.ts';
import { emit } from './events.ts';
import type { Attempt, Criticality } from './operation.ts';
import type { Passage } from './passage.ts';
import { RUNNING } from './policy.ts';

// Where an attempt stands; from `RUNS` on, somebody waits for it to settle.
/** Made, to carry a timer, but not started. */
const PREPARED = 0;
const OVER = 1;
const ABANDONED = 2;
/** Abandoned, and the operation has settled since. */
const GONE = 3;
/** The operation has not returned. */
const RUNS = 4;
/** A callback will settle it, which may come in somebody else's async context. */
const AWAITS_CALLBACK = 5;
/** The promise that the operation returned will settle it, and nothing else. */
const FOLLOWS = 6;

/** A policy that wants to know when the operation of an abandoned attempt is really over. */
export interface LateListener {
  operationSettled(): void;
}

/** What few attempts need; made when one does. */
interface Extras {
  controller: AbortController | null;
  /** The async context in which the signal was first read, for its listeners. */
  context: unknown;
  /** Calls made on behalf of this attempt: they end with it. */
  children: CallGroup | null;
  /** Who is told when the operation settles after it was abandoned. */
  lateListeners: LateListener[] | null;
}

/**
 * One try, as the operation is given it. It settles once, because settling and abandoning both move
 * it out of the states in which it runs. As a timer node, it is the timer of the innermost timeout.
 */
export class LiveAttempt implements TimerNode, Attempt {
  // Fields of its own: one is made for every attempt, and must not pay for a base class's constructor.
  timerOwner: TimerOwner | null = null;
  timerPrevious: TimerNode | null = null;
  timerNext: TimerNode | null = null;
  timerStart: number | null = null;
  readonly number: number;
  readonly #caller: Caller;
  #state: number = PREPARED;
  /** Why it was abandoned. */
  #reason: unknown = undefined;
  #extras: Extras | null = null;

  constructor(caller: Caller, number: number) {
    this.number = number;
    this.#caller = caller;
  }

  get signal(): AbortSignal {
    const extras = this.#withExtras();
    if (extras.controller === null) {
      extras.controller = new AbortController();
      // Its listeners are the caller's code, and a shared timer may abort it: they need their context.
      // That is not the call's: it may be a span of this attempt, in which the next has no place.
      extras.context = this.#caller.plan.runtime.context.capture();
      if (this.isAbandoned) extras.controller.abort(this.#reason);
    }
    return extras.controller.signal;
  }

  get deadline(): number {
    return this.#caller.deadline ?? Infinity;
  }

  // Closures, each made when it is asked for: operations take their attempt apart.

  get remaining(): () => number {
    return () => this.#remaining();
  }

  get succeed(): (value: unknown) => void {
    return (value) => this.end(true, value);
  }

  get fail(): (error: unknown) => void {
    return (error) => this.end(false, error);
  }

  #remaining(): number {
    const { plan } = this.#caller;
    // The attempt carries the timer of its timeout, which was armed when the attempt began.
    const { timerStart } = this;
    const timesOut = timerStart === null ? Infinity : timerStart + plan.attemptTimeout;
    const end = Math.min(this.deadline, timesOut);
    return end === Infinity ? Infinity : Math.max(0, end - plan.runtime.clock.now());
  }

  get criticality(): Criticality {
    return criticalityOf(this.#caller.asked);
  }

  get key(): string | undefined {
    return this.#caller.asked?.key;
  }

  /** Whether it was made to carry a timer, and has not started. */
  get isPrepared(): boolean {
    return this.#state === PREPARED;
  }

  /** Whether it has started and not settled, and somebody waits for it. */
  get isRunning(): boolean {
    return this.#state >= RUNS;
  }

  /** Whether the operation has returned, and nothing has ended the attempt yet. */
  get isAwaited(): boolean {
    return this.#state > RUNS;
  }

  get isAbandoned(): boolean {
    return this.#state === ABANDONED || this.#state === GONE;
  }

  started(): void {
    this.#state = RUNS;
  }

  /** The operation has returned `pending`: a callback will settle the attempt, unless one has done so already. */
  awaitCallback(): void {
    if (this.#state !== RUNS) return;
    const { root, plan } = this.#caller;
    root.context ??= plan.runtime.context.capture();
    this.#state = AWAITS_CALLBACK;
  }

  /** The operation has returned a promise, which will settle the attempt. */
  follow(): void {
    if (this.#state === RUNS) this.#state = FOLLOWS;
  }

  /** The operation says how it ended: it has answered, thrown or called back. */
  end(ok: boolean, outcome: unknown): void {
    if (this.#state === FOLLOWS) this.#settledLate(ok, outcome);
    else this.settle(ok, outcome);
  }

  /** It has ended with a value, on the straight way. */
  over(): void {
    this.#state = OVER;
  }

  /** Ends the attempt, if it has not ended yet. */
  settle(ok: boolean, outcome: unknown): void {
    const state = this.#state;
    if (state < RUNS) {
      this.#settledLate(ok, outcome);
      return;
    }
    const { passage } = this.#caller;
    if (passage !== null && ok && state === AWAITS_CALLBACK) {
      answerStraight(passage, outcome);
      return;
    }
    const call = this.#caller.toCall();
    this.#state = OVER;
    call.ok = ok;
    call.outcome = outcome;
    if (call.step === RUNNING) return;
    const { context } = call.root;
    if (state === AWAITS_CALLBACK && context !== null) {
      call.plan.runtime.context.run(context, resumeSettled, call);
    } else {
      resumeSettled(call);
    }
  }

  /** Nobody waits for it any more. Runs the operation's abort listeners. */
  abandon(reason: unknown): void {
    this.#state = ABANDONED;
    this.#reason = reason;
    if (this.#extras === null) return;
    this.#extras.children?.abort(reason);
    this.#abortSignal(this.#extras);
  }

  /** Ends a call when this attempt is abandoned. */
  adopt(caller: Caller, newGroup: () => CallGroup): void {
    const extras = this.#withExtras();
    extras.children ??= newGroup();
    extras.children.add(caller);
  }

  /** Has `listener` told when the operation, which was abandoned, settles after all; false if it has settled. */
  willTell(listener: LateListener): boolean {
    if (this.#state === GONE) return false;
    (this.#withExtras().lateListeners ??= []).push(listener);
    return true;
  }

  expire(): void {
    const { pipeline, timerSlot } = this.#caller;
    pipeline.policies[timerSlot]!.expired!(this.#caller.toCall(), timerSlot);
  }

  #withExtras(): Extras {
    return (this.#extras ??= {
      controller: null,
      context: null,
      children: null,
      lateListeners: null,
    });
  }

  #abortSignal({ controller, context }: Extras): void {
    if (controller === null) return;
    if (context === null) {
      controller.abort(this.#reason);
    } else {
      const abort = (): void => controller.abort(this.#reason);
      this.#caller.plan.runtime.context.run(context, abort, undefined);
    }
  }

  /** An abandoned operation has ended after all, or an attempt settles a second time. */
  #settledLate(ok: boolean, outcome: unknown): void {
    const { plan } = this.#caller;
    if (this.#state === ABANDONED) {
      this.#state = GONE;
      this.#extras?.lateListeners?.forEach((listener) => listener.operationSettled());
      if (ok) plan.discard?.(outcome);
    } else if (plan.runtime.sink !== null) {
      const { dependency } = plan.runtime;
      emit(plan.runtime, { type: 'attempt.settled-twice', dependency, attempt: this.number });
    }
  }
}

/** A function of its own: what a closure refers to is allocated on every path, also where no closure is made. */
function answerStraight(passage: Passage, value: unknown): void {
  const { context, plan } = passage;
  if (context === null) passage.answered(value);
  else plan.runtime.context.run(context, () => passage.answered(value), undefined);
}

function resumeSettled(call: Call): void {
  call.plan.scheduler.settled(call);
}

/** As `attempt.succeed(outcome)` does, or `attempt.fail`, without making a function for it first: a simulator has millions. */
export function settleAttempt(attempt: Attempt, ok: boolean, outcome: unknown): void {
  (attempt as LiveAttempt).end(ok, outcome);
}
