import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import { type CallOptions, pending, withRuntime } from '../src/index.ts';
import type { RuntimeEvent } from '../src/runtime/runtime.ts';
import { type TestRuntime, testRuntime } from '../src/testing/index.ts';

/** Why callers abort here. */
export const REASON = { because: 'the caller has gone' };
/** An operation that hangs. */
export const never = () => pending;

/** Deadline, retry, bulkhead, breaker and timeout in one, on a clock of their own; `onEvent` hears their events. */
export function makePipeline(
  onEvent: (event: RuntimeEvent) => void = () => {},
  options: object = {},
) {
  const base = testRuntime();
  const runtime: TestRuntime = {
    ...base,
    sink: Object.assign((event: RuntimeEvent) => {
      base.sink(event);
      onEvent(event);
    }, base.sink),
  };
  const made = withRuntime(runtime);
  const slots = made.bulkhead({ maxConcurrent: 2, maxQueue: 10_000 });
  const protectedBy = made.pipeline(
    made.classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    made.deadline('1h'),
    made.retry({ maxAttempts: 10, backoff: { base: 100, jitter: 'none' }, ...options }),
    slots,
    made.circuitBreaker({ minimumCalls: 1000 }),
    made.timeout(1000),
  );
  const abort = new AbortController();
  const asked: CallOptions = { signal: abort.signal, idempotent: true };
  /** Sees that all have come back: slots, timers, and in the next turn the listener. */
  const expectClean = () => {
    expect({ inFlight: slots.inFlight, queued: slots.queued }).toEqual({ inFlight: 0, queued: 0 });
    runtime.clock.advance(0);
    expect(runtime.clock.armed).toBe(0);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  };
  return { ...made, runtime, slots, protectedBy, abort, asked, expectClean };
}
