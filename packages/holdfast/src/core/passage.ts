import { LiveAttempt } from './attempt.ts';
import { Call, type Caller, type CallGroup, type Membership, type Ready } from './call.ts';
import {
  callBack,
  type Edge,
  followStraight,
  isNativePromise,
  pendingPromise,
  promiseOf,
} from './edge.ts';
import { tellOfAttempt, tellOfCall } from './events.ts';
import { ask } from './judge.ts';
import { type CallOptions, type Operation, pending } from './operation.ts';
import {
  DETAINED,
  type PipelineState,
  type Plan,
  type Policy,
  RUNNING,
  type Settled,
  WAIT,
} from './policy.ts';
import { notice } from './usual-duration.ts';

/**
 * Begins a call that goes straight, and its attempt. Null if some policy detains it; the call has then
 * left no trace. The options must have been checked, and must not ask for a deadline of their own.
 */
export function passageThrough(
  pipeline: PipelineState,
  operation: Operation,
  asked: CallOptions | undefined,
  edge: Edge,
  group: CallGroup | null,
): Passage | null {
  const permit = admitted(pipeline);
  if (permit === DETAINED) return null;
  const { expiresAfter, keepsContext, needsClock, runtime, timerSlot } = pipeline.plan;
  const startedAt = needsClock ? runtime.clock.now() : null;
  const passage = new Passage(pipeline, operation, asked, edge, permit, startedAt);
  if (keepsContext) passage.context = runtime.context.capture();
  group?.add(passage);
  if (timerSlot !== -1) runtime.clock.start(passage.attempt, expiresAfter);
  passage.attempt.started();
  return passage;
}

/** Runs the operation for a caller who gets a promise. */
export function goStraight(passage: Passage): Promise<unknown> {
  const { attempt, operation, plan } = passage;
  const { scheduler } = plan;
  let result: unknown;
  let promise: Promise<unknown> | null = null;
  scheduler.held();
  try {
    result = operation(attempt);
    if (passage.call === null && isNativePromise(result)) promise = followStraight(passage, result);
  } catch (error) {
    // Thrown by the operation, or by the `then` of its promise, which may be of a class of its own.
    result = pending;
    attempt.end(false, error);
  }
  promise ??= awaited(passage, result);
  scheduler.released();
  return promise ?? promiseOf(passage.toCall());
}

/** The promise of a call whose operation will call back; null if the call goes on as a `Call`. */
function awaited(passage: Passage, result: unknown): Promise<unknown> | null {
  if (awaitsCallback(passage, result)) return pendingPromise(passage);
  passage.plan.scheduler.operated(passage.toCall(), result);
  return null;
}

/** Runs the operation for a caller who is called back. */
export function startStraight(passage: Passage, done: (settled: Settled) => void): void {
  const { attempt, operation, plan } = passage;
  const { runtime, scheduler } = plan;
  passage.resolve = done as (value: unknown) => void;
  passage.context ??= runtime.context.capture();
  let result: unknown = pending;
  scheduler.held();
  try {
    result = operation(attempt);
  } catch (error) {
    attempt.end(false, error);
  }
  if (!awaitsCallback(passage, result)) scheduler.operated(passage.toCall(), result);
  scheduler.released();
}

/** Whether the call now waits for a callback, and nothing else. A callback that came at once has made it a `Call`. */
function awaitsCallback(passage: Passage, result: unknown): boolean {
  if (result !== pending || passage.call !== null) return false;
  passage.attempt.awaitCallback();
  return true;
}

/**
 * A call on its straight way: every policy lets it in at once, the operation's promise or callback
 * brings a value, and the value means success. Most calls are like that, and need nothing of a
 * `Call` but the little that is here. As soon as anything else happens, a `Call` is made as it would
 * stand by now, and the engine goes on with that.
 */
export class Passage implements Caller, Ready, Settled {
  readonly pipeline: PipelineState;
  /** The plan of the pipeline. */
  readonly plan: Plan;
  readonly asked: CallOptions | undefined;
  readonly edge: Edge;
  readonly startedAt: number | null;
  resolve: ((value: unknown) => void) | null = null;
  reject: ((error: unknown) => void) | null = null;
  membership: Membership | null = null;
  readonly operation: Operation;
  readonly attempt: LiveAttempt;
  readonly permit: number;
  context: unknown = null;
  call: Call | null = null;
  /** The operation's value, once the call has ended straight and its caller is to be called back. */
  value: unknown = undefined;
  nextReady: Ready | null = null;

  constructor(
    pipeline: PipelineState,
    operation: Operation,
    asked: CallOptions | undefined,
    edge: Edge,
    permit: number,
    startedAt: number | null,
  ) {
    this.pipeline = pipeline;
    this.plan = pipeline.plan;
    this.operation = operation;
    this.asked = asked;
    this.edge = edge;
    this.permit = permit;
    this.startedAt = startedAt;
    this.attempt = new LiveAttempt(this, 1);
  }

  get deadline(): number | null {
    const { deadlineAfter } = this.plan;
    return deadlineAfter === null ? null : this.startedAt! + deadlineAfter;
  }

  get timerSlot(): number {
    return this.plan.timerSlot;
  }

  get root(): this {
    return this;
  }

  // What its caller is told: a passage can end in one way only, with a first attempt that succeeds.

  get ok(): true {
    return true;
  }

  get error(): undefined {
    return undefined;
  }

  get verdict(): 'success' {
    return 'success';
  }

  get attempts(): 1 {
    return 1;
  }

  get stoppedBy(): null {
    return null;
  }

  get fellBack(): false {
    return false;
  }

  get passage(): this | null {
    return this.call === null ? this : null;
  }

  /** Whether nothing but the operation's promise can end it. */
  get followsPromise(): boolean {
    return this.plan.timerSlot === -1 && this.membership === null;
  }

  /** The operation has answered, and the caller has to be told by its edge. */
  answered(value: unknown): void {
    const { scheduler } = this.plan;
    // Its caller is told before the calls go on that its end lets in.
    scheduler.held();
    if (this.fulfilled(value)) this.edge.wentStraight(this, value);
    scheduler.released();
  }

  /** The operation has answered. True if the call has succeeded straight, false if it goes on as a `Call`. */
  fulfilled(value: unknown): boolean {
    const { plan } = this;
    const attempt = this.attempt;
    if (!attempt.isRunning) {
      attempt.settle(true, value);
      return false;
    }
    attempt.over();
    const said = ask(plan, true, value);
    // The classifier may have interrupted the call that it was asked about.
    if (said === 'success' && this.call === null && !this.#wasSlow()) {
      this.#succeed();
      return true;
    }
    const call = this.toCall();
    call.outcome = value;
    plan.scheduler.settled(call, said);
    return false;
  }

  /** The operation's promise is rejected. */
  rejected(error: unknown): void {
    this.attempt.settle(false, error);
  }

  toCall(): Call {
    return (this.call ??= this.#becomeCall());
  }

  tell(): void {
    callBack(this);
  }

  /** Whether it has lasted so long that some policy judges it by that. */
  #wasSlow(): boolean {
    const { needsClock, runtime, preciseFrom, judgesFrom } = this.plan;
    if (!needsClock) return false;
    const { clock, sink } = runtime;
    const startedAt = this.startedAt!;
    if (sink !== null || clock.recent() - startedAt >= preciseFrom) clock.now();
    return clock.recent() - startedAt >= judgesFrom;
  }

  #succeed(): void {
    const { pipeline, plan } = this;
    const { policies } = pipeline;
    const { steps, runtime, scheduler } = plan;
    const { clock, sink } = runtime;
    const attempt = this.attempt;
    const duration = clock.recent() - this.startedAt!;
    if (plan.needsClock) notice(pipeline, duration);
    if (plan.timerSlot !== -1) clock.stop(attempt);
    // Before any sink is told: a sink that aborts the call comes too late, and must not find it.
    for (let place = this.membership; place !== null; place = place.other) place.leave();
    if (sink !== null) tellOfAttempt(runtime, 1, 'success', duration);
    scheduler.held();
    for (let slot = policies.length - 1; slot >= 0; slot--) {
      steps[slot]!.passed?.call(policies[slot]!, this.permit);
    }
    if (sink !== null) tellOfCall(runtime, this, this.startedAt!);
    scheduler.released();
  }

  #becomeCall(): Call {
    const { pipeline, asked, edge, startedAt } = this;
    const { policies } = pipeline;
    const { timerSlot, runtime } = pipeline.plan;
    const attempt = this.attempt;
    const call = new Call(pipeline, this.operation, asked, edge, startedAt);
    call.index = policies.length;
    call.step = attempt.isAwaited ? WAIT : RUNNING;
    call.live = attempt;
    call.attempts = 1;
    call.permit = this.permit;
    call.context = this.context;
    call.membership = this.membership;
    call.resolve = this.resolve;
    call.reject = this.reject;
    // A policy that takes over has a timer of its own from here on.
    if (policies[timerSlot]?.takeOver !== undefined) runtime.clock.stop(attempt);
    for (let slot = 0; slot < policies.length; slot++) policies[slot]!.takeOver?.(call, slot);
    return call;
  }
}

/** Asks every policy to admit a call, from the outside in. Answers the permit that one of them gives, or `DETAINED`. */
function admitted({ policies, plan: { steps } }: PipelineState): number {
  let permit = 0;
  for (let slot = 0; slot < policies.length; slot++) {
    const answer = steps[slot]!.admit?.call(policies[slot]!) ?? 0;
    if (answer === DETAINED) {
      undo(policies, slot);
      return DETAINED;
    }
    if (answer !== 0) permit = answer;
  }
  return permit;
}

function undo(policies: readonly Policy[], slot: number): void {
  for (let outer = slot - 1; outer >= 0; outer--) policies[outer]!.unadmit?.();
}
