/**
 * Counts the bytes that a success allocates on its way through a closed breaker, once the code is
 * warm, and prints them as JSON. For the flags that it needs, see `allocation.test.ts`.
 */
import { GCProfiler } from 'node:v8';
import { Call } from '../../../packages/holdfast/src/core/call.ts';
import { callbackEdge } from '../../../packages/holdfast/src/core/edge.ts';
import { parseOptions } from '../../../packages/holdfast/src/core/options.ts';
import { PolicyPipeline } from '../../../packages/holdfast/src/core/pipeline.ts';
import { planned } from '../../../packages/holdfast/src/core/plan.ts';
import type { Policy } from '../../../packages/holdfast/src/core/policy.ts';
import {
  circuitBreaker,
  circuitBreakerOptions,
  type Clock,
  type Runtime,
  systemRuntime,
} from '../../../packages/holdfast/src/index.ts';
import { BreakerState } from '../../../packages/holdfast/src/policies/circuit-breaker/state.ts';

const TIMES = 1_000_000;
/** Calls in one millisecond: within a measurement the window of time moves on. */
const A_MILLISECOND = 50;

let time = 0;
/** Tells whole numbers: to hand on a fraction would allocate. */
const clock: Clock = {
  now: () => time,
  recent: () => time,
  wallTime: () => time,
  start: () => {},
  stop: () => {},
};
const runtime: Runtime = { ...systemRuntime, clock };

/** Bytes that one run of this allocates. */
function bytesOf(once: () => unknown): number {
  repeat(once);
  gc!();
  const profiler = new GCProfiler();
  profiler.start();
  const before = process.memoryUsage().heapUsed;
  repeat(once);
  const grown = process.memoryUsage().heapUsed - before;
  if (profiler.stop().statistics.length > 0) throw new Error('so much that it was collected');
  return grown / TIMES;
}

function repeat(once: () => unknown): void {
  for (let left = TIMES; left > 0; left--) {
    if (left % A_MILLISECOND === 0) time++;
    once();
  }
}

/** The ways through a closed breaker, of its state alone, a call that goes straight, one that walks. */
function waysThrough(kind: 'time' | 'count' | 'consecutive'): Record<string, number> {
  const options = parseOptions(circuitBreakerOptions, { kind }, 'options');
  const state = new BreakerState(options, runtime.random);
  const breaker: Policy = circuitBreaker({ kind }, runtime);
  const pipeline = new PolicyPipeline(...planned([breaker], runtime));
  const call = new Call(pipeline, () => {}, undefined, callbackEdge, time);
  return {
    [`${kind}, state`]: bytesOf(() =>
      state.release(state.permitAt(time), 'success', false, time, 0),
    ),
    [`${kind}, settled state`]: bytesOf(() => state.succeeded(time)),
    [`${kind}, straight`]: bytesOf(() => breaker.passed!(breaker.admit!())),
    [`${kind}, walking`]: bytesOf(() => {
      call.attemptStartedAt = time;
      breaker.enter(call, 0);
      breaker.leave(call, 0);
    }),
  };
}

console.log(
  JSON.stringify({
    // To see that objects are counted, and that none is optimized away.
    object: bytesOf(() => ({})),
    ...waysThrough('time'),
    ...waysThrough('count'),
    ...waysThrough('consecutive'),
  }),
);
