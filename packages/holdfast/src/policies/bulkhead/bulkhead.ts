import { callError } from '../../core/call-error.ts';
import type { LateListener } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import { DETAINED, END, GO, type Step, type Traits, WAIT } from '../../core/policy.ts';
import { BulkheadFullError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { CRITICALITIES } from '../../core/operation.ts';
import type { StoppedBy } from '../../core/outcome.ts';
import { parseOptions } from '../../core/options.ts';
import { peekInside, tellInside } from '../../core/inner-policies.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { usualDuration } from '../../core/usual-duration.ts';
import { TimerNode } from '../../runtime/clock.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type BulkheadOptions, bulkheadOptions, type ParsedBulkhead } from './options.ts';
import { type Waiter, WaitQueue } from './state.ts';
import type { BulkheadRefusedEvent, BulkheadZombieEvent } from './telemetry.ts';

/** A bulkhead: a policy, and what it can be asked. */
export interface Bulkhead extends TypedPolicy {
  /** Slots taken now. */
  readonly inFlight: number;
  /** Calls that wait for a slot. */
  readonly queued: number;
  /** Whether nothing runs in it, so that a registry may forget it. */
  readonly evictable: boolean;
}

/**
 * Bounds how many attempts run at once, and how many calls wait for one to end, so that one slow
 * dependency cannot take all of a process.
 *
 * Waiting calls are served by criticality, and those of one criticality in the order in which they
 * came. A waiting call leaves at once when its caller aborts, when the breaker behind the bulkhead
 * opens or is isolated, and when its deadline could no longer be met. When the queue is full, a more
 * important call takes the place of the last of the least important, which is refused with
 * `BulkheadFullError`; a call that finds no such place is refused itself.
 *
 * Size it by Little's law: calls per second x seconds per call, and some room.
 *
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function bulkhead(
  options: BulkheadOptions = {},
  runtime: Runtime = systemRuntime,
): Bulkhead {
  checkRuntime(runtime, 'bulkhead');
  return new SlotBulkhead(parseOptions(bulkheadOptions, options, 'bulkhead'), runtime);
}

const TRAITS: Traits = { straight: true };

class SlotBulkhead implements Bulkhead, LateListener {
  readonly runtime: Runtime;
  inFlight = 0;
  #zombies = 0;
  readonly #options: ParsedBulkhead;
  /** Made when a call has to wait: most bulkheads never see that. */
  #queue: WaitQueue<QueuedCall> | null = null;

  constructor(options: ParsedBulkhead, runtime: Runtime) {
    this.runtime = runtime;
    this.#options = options;
  }

  get kind(): 'bulkhead' {
    return 'bulkhead';
  }

  get traits(): Traits {
    return TRAITS;
  }

  get queued(): number {
    return this.#queue?.length ?? 0;
  }

  get evictable(): boolean {
    return this.inFlight === 0;
  }

  sibling(): SlotBulkhead {
    return new SlotBulkhead(this.#options, this.runtime);
  }

  enter(call: Call, slot: number): Step {
    return this.admit() === DETAINED ? this.#wait(call, slot) : GO;
  }

  leave(call: Call): Step {
    const { live } = call;
    if (live !== null && live.isAbandoned && live.willTell(this)) {
      this.#zombies++;
      if (this.runtime.sink !== null) this.#emitZombie();
      if (this.#options.releaseOn === 'settle') return GO;
    }
    this.#release();
    return GO;
  }

  admit(): number {
    if (this.inFlight >= this.#options.maxConcurrent || this.queued > 0) return DETAINED;
    this.inFlight++;
    return 0;
  }

  unadmit(): void {
    this.inFlight--;
  }

  passed(): void {
    this.#release();
  }

  cancel(call: Call, slot: number): void {
    this.#forget(call.slots![slot] as QueuedCall);
  }

  flush(): void {
    const waiters = this.#queue?.all() ?? [];
    const scheduler = waiters[0]?.call.plan.scheduler;
    // All leave before the first callback runs, which may do anything.
    scheduler?.held();
    try {
      for (const waiter of waiters) this.#refuseAsInside(waiter);
    } finally {
      scheduler?.released();
    }
  }

  snapshot(): Record<string, unknown> {
    const { inFlight, queued } = this;
    return {
      inFlight,
      queued,
      zombies: this.#zombies,
      maxConcurrent: this.#options.maxConcurrent,
      maxQueue: this.#options.maxQueue,
    };
  }

  /** An operation that was abandoned has ended after all. */
  operationSettled(): void {
    this.#zombies--;
    if (this.#options.releaseOn === 'settle') this.#release();
  }

  /** A waiting call's deadline has come too close for an attempt. */
  tooLate(waiter: QueuedCall): void {
    this.#dismiss(waiter, this.#refusal(waiter.call, 'too-late'), 'deadline');
  }

  #wait(call: Call, slot: number): Step {
    let refusal = peekInside(call, slot);
    if (refusal !== null) return call.refuse(refusal.error, refusal.stoppedBy);
    const { clock, context } = this.runtime;
    if (call.deadline !== null) clock.now();
    const patience = call.remaining - usualDuration(call.pipeline);
    if (patience <= 0) return call.refuse(this.#refusal(call, 'too-late'), 'deadline');
    const queue = (this.#queue ??= new WaitQueue(CRITICALITIES.length));
    const waiter = new QueuedCall(this, call, slot);
    while (queue.length >= this.#options.maxQueue) {
      const displaced = queue.lastBelow(waiter.rank);
      if (displaced === null) return call.refuse(this.#refusal(call, 'full'), 'rejected');
      this.#dismiss(displaced, this.#refusal(displaced.call, 'displaced'), 'rejected');
      // A listener to that refusal may have shut a policy further in.
      refusal = peekInside(call, slot);
      if (refusal !== null) return call.refuse(refusal.error, refusal.stoppedBy);
    }
    // That listener may have made room as well.
    if (this.admit() !== DETAINED) return GO;
    queue.add(waiter);
    tellInside(call, slot, 1);
    call.remember(slot, waiter);
    call.root.context ??= context.capture();
    if (patience < Infinity) clock.start(waiter, patience);
    return WAIT;
  }

  #release(): void {
    this.inFlight--;
    if (this.#queue === null) return;
    while (this.inFlight < this.#options.maxConcurrent) {
      const waiter = this.#queue.first();
      if (waiter === null) return;
      this.#forget(waiter);
      this.inFlight++;
      waiter.call.plan.scheduler.resume(waiter.call, GO);
    }
  }

  #refuseAsInside(waiter: QueuedCall): void {
    const refusal = peekInside(waiter.call, waiter.slot);
    // It may be null for a call of another pipeline that shares this bulkhead.
    if (refusal !== null) this.#dismiss(waiter, refusal.error, refusal.stoppedBy);
  }

  #dismiss(waiter: QueuedCall, error: unknown, stoppedBy: StoppedBy): void {
    const { call } = waiter;
    // A listener to the refusal's event may have ended the call already.
    if (!this.#queue!.holds(waiter)) return;
    this.#forget(waiter);
    call.refuse(error, stoppedBy);
    call.plan.scheduler.resume(call, END);
  }

  #forget(waiter: QueuedCall): void {
    this.#queue!.remove(waiter);
    tellInside(waiter.call, waiter.slot, -1);
    this.runtime.clock.stop(waiter);
  }

  #refusal(call: Call, why: BulkheadRefusedEvent['why']): BulkheadFullError {
    const { runtime } = this;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      const { criticality } = call;
      emit<BulkheadRefusedEvent>(runtime, {
        type: 'bulkhead.refused',
        dependency,
        why,
        criticality,
      });
    }
    return callError(call, BulkheadFullError, {
      policy: this.kind,
      reason: REASONS[why],
      stoppedBy: why === 'too-late' ? 'deadline' : 'rejected',
      cause: call.root.records?.at(-1)?.error,
    });
  }

  #emitZombie(): void {
    const { runtime } = this;
    const { dependency } = runtime;
    emit<BulkheadZombieEvent>(runtime, {
      type: 'bulkhead.zombie',
      dependency,
      zombies: this.#zombies,
    });
  }
}

const REASONS: Readonly<Record<BulkheadRefusedEvent['why'], string>> = {
  full: 'not called, all slots and queue places are taken',
  displaced: 'not called, its queue place went to a more important call',
  'too-late': 'not called, its turn could not come before its deadline',
};

/** A call that waits for a slot. As a timer node, it is the moment when waiting becomes pointless. */
class QueuedCall extends TimerNode implements Waiter<QueuedCall> {
  readonly call: Call;
  readonly slot: number;
  readonly rank: number;
  previousWaiter: QueuedCall | null = null;
  nextWaiter: QueuedCall | null = null;
  readonly #bulkhead: SlotBulkhead;

  constructor(policy: SlotBulkhead, call: Call, slot: number) {
    super();
    this.#bulkhead = policy;
    this.call = call;
    this.slot = slot;
    this.rank = CRITICALITIES.indexOf(call.criticality);
  }

  expire(): void {
    this.#bulkhead.tooLate(this);
  }
}
