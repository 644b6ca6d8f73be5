import { LiveAttempt } from '../../core/attempt.ts';
import type { Call } from '../../core/call.ts';
import { GO, type Step, type Traits } from '../../core/policy.ts';
import { callError } from '../../core/call-error.ts';
import { type Duration, formatDuration } from '../../core/duration.ts';
import { AttemptTimeoutError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { parseOptions } from '../../core/options.ts';
import type { TypedPolicy } from '../../core/pipeline.ts';
import { interrupt } from '../../core/run.ts';
import { SlotTimer } from '../../core/slot-timer.ts';
import type { TimerNode } from '../../runtime/clock.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type TimeoutOptions, timeoutOptions } from './options.ts';
import type { TimeoutExpiredEvent } from './telemetry.ts';

/**
 * Bounds how long one attempt may run, if it stands inside a retry; outside of one, how long everything
 * inside it may take.
 *
 * The operation is told through `attempt.signal`, and the call goes on whether or not the operation
 * listens: with verdict `timeout` and an `AttemptTimeoutError`. Never early; late by at most
 * max(5 ms, 1 %), since all calls share one coarse timer.
 *
 * @param options the limit, or `{ after }`; at least 1 ms, default 1 s.
 * @throws TypeError, RangeError for a limit that is no such duration, and for a runtime that is not whole.
 */
export function timeout(
  options: Duration | TimeoutOptions = {},
  runtime: Runtime = systemRuntime,
): TypedPolicy {
  checkRuntime(runtime, 'timeout');
  const given = typeof options === 'object' ? options : { after: options };
  return new Timeout(parseOptions(timeoutOptions, given, 'timeout').after, runtime);
}

class Timeout implements TypedPolicy {
  readonly runtime: Runtime;
  readonly #after: number;

  constructor(after: number, runtime: Runtime) {
    this.#after = after;
    this.runtime = runtime;
  }

  get kind(): 'timeout' {
    return 'timeout';
  }

  get traits(): Traits {
    return { needsClock: true, timed: true, straight: true, expiresAfter: this.#after };
  }

  enter(call: Call, slot: number): Step {
    this.runtime.clock.start(this.#makeNode(call, slot), this.#after);
    return GO;
  }

  leave(call: Call, slot: number): Step {
    this.runtime.clock.stop(nodeOf(call, slot));
    return GO;
  }

  expired(call: Call, slot: number): void {
    const { runtime } = this;
    const after = this.#after;
    const node = nodeOf(call, slot);
    const error = callError(call, AttemptTimeoutError, {
      policy: this.kind,
      reason: `no answer within ${formatDuration(after)}`,
      stoppedBy: 'attempts',
    });
    if (runtime.sink !== null) {
      const attempt = call.root.attempts;
      const { dependency } = runtime;
      emit<TimeoutExpiredEvent>(runtime, { type: 'timeout.expired', dependency, attempt, after });
    }
    // A listener may have settled the attempt: then the call is further out, or here again with another.
    if (call.index <= slot || nodeOf(call, slot) !== node) return;
    interrupt(call, { slot, error, verdict: 'timeout', stoppedBy: 'attempts' });
  }

  /** Next to the operation, the attempt itself is the timer's node, so that none is allocated. */
  #makeNode(call: Call, slot: number): TimerNode {
    if (isInnermost(call, slot)) {
      return (call.live = new LiveAttempt(call, call.root.attempts + 1));
    }
    const timer = new SlotTimer(this, call, slot);
    call.remember(slot, timer);
    return timer;
  }
}

function isInnermost(call: Call, slot: number): boolean {
  return slot === call.plan.steps.length - 1;
}

function nodeOf(call: Call, slot: number): TimerNode {
  return isInnermost(call, slot) ? call.live! : (call.slots![slot] as TimerNode);
}
