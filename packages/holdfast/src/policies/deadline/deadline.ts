import { callError } from '../../core/call-error.ts';
import type { Call } from '../../core/call.ts';
import { GO, type Step, type Traits } from '../../core/policy.ts';
import { type Duration, milliseconds } from '../../core/duration.ts';
import { DeadlineExceededError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { parseOptions } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { interrupt } from '../../core/run.ts';
import { SlotTimer } from '../../core/slot-timer.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type DeadlineOptions, deadlineOptions } from './options.ts';
import { allowance } from './state.ts';
import type { DeadlineExceededEvent } from './telemetry.ts';

/**
 * Bounds a whole call: attempts, waits and queues. When it passes, the call ends with a
 * `DeadlineExceededError`, whatever it was doing.
 *
 * The deadline is absolute. A call that is made on behalf of an attempt (`{ parent }`) gets
 * min(its own, what the parent has left less max(10 ms, 5 %)), so that callees always end before
 * their callers; `{ deadline }` replaces the configured time for one call.
 *
 * @param options the time, or `{ after }`; at least 1 ms, default 4 s.
 * @throws TypeError, RangeError for a time that is no such duration, and for a runtime that is not whole.
 */
export function deadline(
  options: Duration | DeadlineOptions = {},
  runtime: Runtime = systemRuntime,
): TypedPolicy {
  checkRuntime(runtime, 'deadline');
  const given = typeof options === 'object' ? options : { after: options };
  return new Deadline(parseOptions(deadlineOptions, given, 'deadline').after, runtime);
}

class Deadline implements TypedPolicy {
  readonly runtime: Runtime;
  readonly #after: number;

  constructor(after: number, runtime: Runtime) {
    this.#after = after;
    this.runtime = runtime;
  }

  get kind(): 'deadline' {
    return 'deadline';
  }

  get traits(): Traits {
    return { needsClock: true, timed: true, straight: true, expiresAfter: this.#after };
  }

  enter(call: Call, slot: number): Step {
    const { asked } = call;
    let time = this.#after;
    if (asked !== undefined) {
      if (asked.deadline !== undefined) time = milliseconds(asked.deadline);
      if (asked.parent !== undefined) time = allowance(time, asked.parent.remaining());
    }
    call.deadline = this.runtime.clock.recent() + time;
    if (time <= 0) return call.refuse(this.#exceeded(call), 'deadline');
    this.#arm(call, slot);
    return GO;
  }

  takeOver(call: Call, slot: number): void {
    call.deadline = call.startedAt! + this.#after;
    this.#arm(call, slot);
  }

  leave(call: Call, slot: number): Step {
    this.runtime.clock.stop(call.slots![slot] as SlotTimer);
    return GO;
  }

  expired(call: Call, slot: number): void {
    const { clock } = this.runtime;
    clock.now();
    // On the straight way the attempt's timer may have expired in place of this one, which is still armed.
    clock.stop(call.slots![slot] as SlotTimer);
    const error = this.#exceeded(call);
    // A listener may have settled the attempt: then the call is further out.
    if (call.index <= slot) return;
    interrupt(call, { slot, error, verdict: 'timeout', stoppedBy: 'deadline' });
  }

  #arm(call: Call, slot: number): void {
    const timer = new SlotTimer(this, call, slot);
    call.remember(slot, timer);
    this.runtime.clock.start(timer, call.remaining);
  }

  #exceeded(call: Call): DeadlineExceededError {
    const { runtime } = this;
    const { attempts, records } = call.root;
    if (runtime.sink !== null) {
      const { dependency } = runtime;
      emit<DeadlineExceededEvent>(runtime, { type: 'deadline.exceeded', dependency, attempts });
    }
    return callError(call, DeadlineExceededError, {
      policy: this.kind,
      reason: 'out of time',
      stoppedBy: 'deadline',
      cause: records?.at(-1)?.error,
    });
  }
}
