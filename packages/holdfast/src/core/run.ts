import { TimerNode } from '../runtime/clock.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { LiveAttempt } from './attempt.ts';
import { Call, type Ready } from './call.ts';
import {
  AGAIN,
  DONE,
  END,
  GO,
  type Interruption,
  RUNNING,
  type Scheduler,
  type Step,
  WAIT,
} from './policy.ts';
import { followPromise, isThenable } from './edge.ts';
import { tellOfAttempt, tellOfCall } from './events.ts';
import { pending } from './operation.ts';
import { judge, type Said } from './judge.ts';
import type { Verdict } from './outcome.ts';
import { attemptRecord } from './record.ts';
import { notice } from './usual-duration.ts';

/** How many calls may be resumed in a row before other work gets its turn. */
const RESUMPTIONS_PER_TURN = 100;
/** How many attempts of a call are remembered: the first one, and the last 99. */
const RECORDS = 100;

/**
 * Runs calls, one loop at a time. A call that *starts* inside another's operation runs at once, on the
 * stack that its user built. A call that another one *resumes* (out of a queue, say) waits for the
 * outermost loop. So the stack stays flat, however many calls wake each other.
 */
export class CallScheduler extends TimerNode implements Scheduler {
  readonly #runtime: Runtime;
  /** How many loops are on the stack, one inside another. */
  #depth = 0;
  /** Whether the outermost loop is emptying the ready list. */
  #draining = false;
  #first: Ready | null = null;
  #last: Ready | null = null;

  constructor(runtime: Runtime) {
    super();
    this.#runtime = runtime;
  }

  /** A new call waits while this drains: else callbacks that start the next call would nest without end. */
  get isBusy(): boolean {
    return this.#draining && this.#depth === 0;
  }

  /** Walks a new call in. */
  start(call: Call): void {
    if (!this.isBusy) return this.#run(call);
    call.context ??= this.#runtime.context.capture();
    this.#enqueue(call);
  }

  settled(call: Call, said?: Said): void {
    // It counts as running, since a classifier or a sink may interrupt this call, or the one around it.
    call.step = RUNNING;
    this.#depth++;
    try {
      call.step = attemptEnded(call, said);
      advance(call);
    } finally {
      this.released();
    }
  }

  held(): void {
    this.#depth++;
  }

  released(): void {
    this.#depth--;
    if (this.#first !== null && this.#depth === 0 && !this.#draining) this.#drain();
  }

  operated(call: Call, result: unknown): void {
    call.step = answered(call, result);
    this.#run(call);
  }

  resume(call: Call, step: Step): void {
    call.step = step;
    if (call.nextReady === null) this.#enqueue(call);
  }

  /** Has the caller of an ended call told, on a flat stack. */
  deliver(ended: Ready): void {
    this.#enqueue(ended);
  }

  /** A new turn, after one that left calls on the list. */
  expire(): void {
    this.#drain();
  }

  #run(call: Call): void {
    this.#depth++;
    try {
      advance(call);
    } finally {
      this.released();
    }
  }

  #enqueue(ready: Ready): void {
    // The last one points to itself, so that being listed needs no field of its own.
    ready.nextReady = ready;
    if (this.#first === null) this.#first = ready;
    else this.#last!.nextReady = ready;
    this.#last = ready;
    if (this.#depth === 0 && !this.#draining) this.#drain();
  }

  #drain(): void {
    // Once a new turn was asked for, only that one drains: else other work would never have its turn.
    if (this.timerOwner !== null) return;
    this.#draining = true;
    try {
      for (let left = RESUMPTIONS_PER_TURN; this.#first !== null && left > 0; left--) {
        const ready: Ready = this.#first;
        this.#first = ready.nextReady === ready ? null : ready.nextReady;
        ready.nextReady = null;
        const { context } = ready.root;
        if (context === null) this.#wake(ready);
        else ready.plan.runtime.context.run(context, this.#wake, ready);
      }
    } finally {
      this.#draining = false;
      // A list that is empty must not keep the call that was last on it, and its answer, alive.
      if (this.#first === null) this.#last = null;
      else this.#runtime.clock.start(this, 0);
    }
  }

  readonly #wake = (ready: Ready): void => {
    if (!(ready instanceof Call) || ready.step === DONE) {
      ready.tell();
      return;
    }
    // It has waited, so an attempt that begins now did not begin with the call. The clock is read, as
    // calls before it in this turn may have taken long: a timer started on an old reading would be early.
    ready.attemptStartedAt = this.#runtime.clock.now();
    this.#depth++;
    try {
      advance(ready);
    } finally {
      this.#depth--;
    }
  };
}

/**
 * Ends whatever happens inside the policy at `slot`, and goes on outwards from there with this
 * error and verdict. The caller's abort, the deadline and an attempt's timeout all do this: the
 * policy that waits is cancelled, those in between leave in order, and every permit comes back.
 */
export function interrupt(call: Call, interruption: Interruption): void {
  const { step } = call;
  if (step !== WAIT && !walksIn(call, step)) {
    // The call runs, or is about to: its loop will heed this. Of several interruptions the outermost counts.
    if (interruption.slot < (call.interruption?.slot ?? Infinity)) call.interruption = interruption;
    return;
  }
  // It counts as running, since abort listeners may interrupt it again.
  call.step = RUNNING;
  const { scheduler } = call.plan;
  const { context } = call.root;
  // Calls that its leaving lets go on must not run before it has left.
  scheduler.held();
  if (context === null) unwind(call, step, interruption);
  else unwindIn(context, call, step, interruption);
  scheduler.resume(call, GO);
  scheduler.released();
}

/** A function of its own: what a closure refers to is allocated on every path, also where no closure is made. */
function unwindIn(
  context: unknown,
  call: Call,
  step: Call['step'],
  interruption: Interruption,
): void {
  call.plan.runtime.context.run(context, () => unwind(call, step, interruption), undefined);
}

/**
 * The loop: one call, in through its policies and back out, until it waits or ends. Every call comes
 * this way, so what few calls need is in functions of its own: the compiler inlines small functions
 * only.
 */
function advance(call: Call): void {
  let step = call.step as Step;
  call.step = RUNNING;
  for (;;) {
    if (call.interruption !== null) step = heed(call, step, call.interruption);
    if (step === WAIT) {
      call.step = WAIT;
      return;
    }
    if (step !== GO) turn(call, step);
    if (call.entering) step = walkIn(call);
    else if (--call.index > call.floor) step = walkOut(call);
    else return finish(call);
  }
}

/** `AGAIN` or `END`: walks the other way from here. */
function turn(call: Call, step: Step): void {
  call.entering = step === AGAIN;
  // Policies further in must not judge by the attempt before.
  if (call.entering) call.live = null;
}

function walkIn(call: Call): Step {
  const { steps } = call.plan;
  const index = ++call.index;
  if (index === steps.length) return operate(call);
  return steps[index]!.enter.call(call.pipeline.policies[index]!, call, index);
}

function walkOut(call: Call): Step {
  const { index } = call;
  return call.plan.steps[index]!.leave.call(call.pipeline.policies[index]!, call, index);
}

/** Whether the policy at `index` has let the call in, or sends it in again. */
function walksIn(call: Call, step: Call['step']): boolean {
  return step === AGAIN || (step === GO && call.entering);
}

/** Carries out an interruption that came while the call ran, once the call is walking in or waits. */
function heed(call: Call, step: Step, interruption: Interruption): Step {
  if (step !== WAIT && !walksIn(call, step)) return step;
  call.interruption = null;
  // By now the call may have left the policy that interrupts.
  return call.index > interruption.slot ? unwind(call, step, interruption) : step;
}

/** Leaves every policy inside `slot`, as `ignored`. Then the call stands as if it had just left `slot`. */
function unwind(
  call: Call,
  step: Call['step'],
  { slot, error, verdict, stoppedBy }: Interruption,
): typeof GO {
  const { policies } = call.pipeline;
  const { runtime } = call.plan;
  const { live } = call;
  let innermost = walksIn(call, step) ? call.index : call.index - 1;
  runtime.clock.now();
  call.refuse(error, stoppedBy);
  if (live?.isRunning) {
    keepRecord(call, verdict);
    // Before any sink is told: a sink that settles the attempt comes too late.
    live.abandon(error);
    if (runtime.sink !== null) tell(call, verdict);
  } else if (step === WAIT) {
    policies[call.index]!.cancel!(call, call.index);
  }
  for (; innermost > slot; innermost--) policies[innermost]!.leave(call, innermost);
  call.refuse(error, stoppedBy);
  call.verdict = verdict;
  call.entering = false;
  call.index = slot;
  return GO;
}

/** Runs the operation: `WAIT` until it settles, `END` once it has. */
function operate(call: Call): Step {
  const attempt = begin(call);
  // Taken off the call, which user code would otherwise get as its `this`.
  const { operation } = call;
  let result: unknown = pending;
  try {
    result = operation(attempt);
  } catch (error) {
    attempt.end(false, error);
  }
  return answered(call, result);
}

/** The attempt that starts now. */
function begin(call: Call): LiveAttempt {
  const { root, live } = call;
  const attempt = live?.isPrepared ? live : new LiveAttempt(call, root.attempts + 1);
  call.live = attempt;
  root.attempts = attempt.number;
  // The last reading will do: it was taken when the attempt before this one failed, or since.
  if (attempt.number > 1) call.attemptStartedAt = call.plan.runtime.clock.recent();
  attempt.started();
  return attempt;
}

/** The operation has answered this: `WAIT` if the attempt goes on, `END` if it is over. */
function answered(call: Call, result: unknown): Step {
  const attempt = call.live!;
  try {
    if (result === pending) attempt.awaitCallback();
    else if (isThenable(result)) followPromise(result, attempt);
    else attempt.end(true, result);
  } catch (error) {
    attempt.end(false, error);
  }
  return attempt.isRunning ? WAIT : attemptEnded(call);
}

function attemptEnded(call: Call, said?: Said): typeof END {
  judge(call, said);
  const { plan } = call;
  const { clock, sink } = plan.runtime;
  const succeeded = call.verdict === 'success';
  const recorded = !succeeded || call.root.records !== null || call.root !== call;
  if (recorded || sink !== null || clock.recent() - call.attemptStartedAt! >= plan.preciseFrom) {
    clock.now();
  }
  if (succeeded && plan.needsClock) notice(call.pipeline, clock.recent() - call.attemptStartedAt!);
  if (recorded) keepRecord(call, call.verdict);
  if (sink !== null) tell(call, call.verdict);
  return END;
}

/** Tells of an attempt that has just ended. */
function tell({ plan, live, attemptStartedAt }: Call, verdict: Verdict): void {
  const { runtime } = plan;
  tellOfAttempt(runtime, live!.number, verdict, runtime.clock.recent() - attemptStartedAt!);
}

/** Keeps the record of an attempt that has just ended. */
function keepRecord(call: Call, verdict: Verdict): void {
  const records = (call.root.records ??= []);
  if (records.length === RECORDS) records.splice(1, 1);
  records.push(attemptRecord(call, verdict));
}

function finish(call: Call): void {
  const { plan, observer } = call;
  call.step = DONE;
  for (let place = call.membership; place !== null; place = place.other) place.leave();
  if (plan.runtime.sink !== null && call.root === call) {
    tellOfCall(plan.runtime, call, call.startedAt!);
  }
  if (observer.onFlatStack) plan.scheduler.deliver(call);
  else observer.settled(call);
}
