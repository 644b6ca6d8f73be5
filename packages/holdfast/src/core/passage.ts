import { LiveAttempt } from './attempt.ts';
import { Call, type Caller, type CallGroup, type Membership } from './call.ts';
import { followStraight, isNativePromise, promiseOf, type PromiseEdge } from './edge.ts';
import { tellOfAttempt, tellOfCall } from './events.ts';
import { ask } from './judge.ts';
import { type CallOptions, type Operation, pending } from './operation.ts';
import { DETAINED, type PipelineState, type Plan, type Policy, RUNNING, WAIT } from './policy.ts';
import { notice } from './usual-duration.ts';

/**
 * The promise of a call that goes straight; null if some policy detains it, which has then left no
 * trace. Its options have been checked, and ask for no other time than the plan's.
 */
export function goStraight(
  pipeline: PipelineState,
  operation: Operation,
  asked: CallOptions | undefined,
  edge: PromiseEdge,
  group: CallGroup | null,
): Promise<unknown> | null {
  const permit = admitted(pipeline);
  if (permit === DETAINED) return null;
  const { needsClock, keepsContext, runtime } = pipeline.plan;
  const startedAt = needsClock ? runtime.clock.now() : null;
  const passage = new Passage(pipeline, operation, asked, edge, permit, startedAt);
  if (keepsContext) passage.context = runtime.context.capture();
  group?.add(passage);
  return begin(passage);
}

/** Runs the operation. */
function begin(passage: Passage): Promise<unknown> {
  const { plan, attempt, operation } = passage;
  const { scheduler } = plan;
  if (plan.timerSlot !== -1) plan.runtime.clock.start(attempt, plan.expiresAfter);
  attempt.started();
  let result: unknown;
  let promise: Promise<unknown> | null = null;
  scheduler.held();
  try {
    result = operation(attempt);
    if (isNativePromise(result) && passage.call === null) promise = followStraight(passage, result);
  } catch (error) {
    // Not only the operation's: its promise may be of a class whose `then` throws.
    result = pending;
    attempt.fail(error);
  }
  if (promise !== null) {
    attempt.follow();
    scheduler.released();
    return promise;
  }
  const call = passage.toCall();
  scheduler.operated(call, result);
  scheduler.released();
  return promiseOf(call);
}

/**
 * A call on its straight way: every policy lets it in at once, the operation answers with a promise,
 * the promise is fulfilled, and the value means success. Most calls are like that, and need nothing
 * of a `Call` but the little that is here. As soon as anything else happens, the `Call` is made that
 * would stand there by now, and the engine goes on with it.
 */
export class Passage implements Caller {
  readonly pipeline: PipelineState;
  /** The pipeline's. */
  readonly plan: Plan;
  readonly asked: CallOptions | undefined;
  readonly edge: PromiseEdge;
  readonly startedAt: number | null;
  resolve: ((value: unknown) => void) | null = null;
  reject: ((error: unknown) => void) | null = null;
  membership: Membership | null = null;
  readonly operation: Operation;
  readonly attempt: LiveAttempt;
  readonly permit: number;
  context: unknown = null;
  call: Call | null = null;

  constructor(
    pipeline: PipelineState,
    operation: Operation,
    asked: CallOptions | undefined,
    edge: PromiseEdge,
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

  /** Nothing but the operation's promise can end it. */
  get followsPromise(): boolean {
    return this.plan.timerSlot === -1 && this.membership === null;
  }

  /** The operation's promise is fulfilled; whether the call has thereby succeeded. */
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

  /** It may have lasted so long that it means something to a policy. */
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
    // Before any sink is told: one that aborts the call comes too late, and must find none.
    for (let place = this.membership; place !== null; place = place.other) place.leave();
    if (sink !== null) tellOfAttempt(runtime, 1, 'success', duration);
    scheduler.held();
    for (let slot = policies.length - 1; slot >= 0; slot--) {
      steps[slot]!.passed?.call(policies[slot]!, this.permit);
    }
    if (sink !== null) tellOfCall(runtime, SUCCEEDED, this.startedAt!);
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
    // Whoever takes over has a timer of its own from here on.
    if (policies[timerSlot]?.takeOver !== undefined) runtime.clock.stop(attempt);
    for (let slot = 0; slot < policies.length; slot++) policies[slot]!.takeOver?.(call, slot);
    return call;
  }
}

const SUCCEEDED = { ok: true, verdict: 'success', attempts: 1, stoppedBy: null } as const;

/** Asks every policy, from the outside in: the permit that one of them gives, or `DETAINED`. */
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
