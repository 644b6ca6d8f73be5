import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  bulkhead,
  circuitBreaker,
  classify,
  type Criticality,
  deadline,
  fallback,
  type Operation,
  pending,
  pipeline,
  retry,
  type Runtime,
  type Settled,
  timeout,
} from '../index.ts';
import { testRuntime } from '../testing/index.ts';
import type { Policy } from './policy.ts';

type Judged = 'success' | 'transient';

/** Attempts that have a slot each until they settle, and 50 ms; whoever hears of `on` settles the first one. */
function settledByListener(on: string, around: (runtime: Runtime) => readonly Policy[]) {
  const own = testRuntime();
  const attempts: Attempt[] = [];
  const startedAt: number[] = [];
  const ends: (readonly [at: number, Settled['stoppedBy']])[] = [];
  const discarded: unknown[] = [];
  const runtime: Runtime = {
    ...own,
    sink: ({ type }) => {
      if (type === on && attempts.length === 1) attempts[0]!.succeed('transient');
    },
  };
  const judging = classify<Judged>(
    (o) => (o.ok ? o.value : 'transient'),
    (value) => discarded.push(value),
  );
  const slots = bulkhead({ releaseOn: 'settle' }, runtime);
  const [outside, limit] = around(runtime);
  const calls = pipeline(judging, outside!, slots, limit!);
  calls.start(
    (attempt) => {
      attempts.push(attempt);
      startedAt.push(own.clock.now());
      return pending;
    },
    ({ stoppedBy }) => ends.push([own.clock.now(), stoppedBy]),
    { idempotent: true },
  );
  own.clock.advance(1000);
  return { attempts, startedAt, ends, slots, discarded };
}

/** Two attempts. */
const retried = (wait: number, runtime: Runtime): Policy =>
  retry({ maxAttempts: 2, backoff: { base: wait, jitter: 'none' } }, runtime);

describe('a listener that settles the attempt', () => {
  test('when it hears of the timeout: the next attempt waits its time, and the slot comes back once', () => {
    const { attempts, startedAt, ends, slots } = settledByListener('timeout.expired', (runtime) => [
      retried(100, runtime),
      timeout(50, runtime),
    ]);
    expect([startedAt, ends]).toEqual([[0, 150], [[200, 'attempts']]]);
    attempts[1]!.fail('late');
    expect(slots.snapshot!()).toMatchObject({ inFlight: 0, zombies: 0 });
  });

  test('when it hears of the timeout: the next attempt is not cut in its place', () => {
    const { startedAt, ends } = settledByListener('timeout.expired', (runtime) => [
      retried(0, runtime),
      timeout(50, runtime),
    ]);
    expect([startedAt, ends]).toEqual([[0, 50], [[100, 'attempts']]]);
  });

  test('when it hears of the deadline: what runs outside of the deadline is not cut', () => {
    const asked: unknown[] = [];
    const { ends, slots } = settledByListener('deadline.exceeded', (runtime) => [
      fallback({ run: (why) => new Promise(() => asked.push(why)), timeout: 200 }, runtime),
      deadline(50, runtime),
    ]);
    expect(asked).toMatchObject([{ verdict: 'transient' }]);
    expect(ends).toEqual([[250, 'attempts']]);
    expect(slots.snapshot!()).toMatchObject({ inFlight: 0, zombies: 0 });
  });

  test('when it hears that the attempt was cut comes too late', () => {
    const { discarded, slots } = settledByListener('attempt.settled', (runtime) => [
      retried(0, runtime),
      timeout(50, runtime),
    ]);
    expect(discarded).toEqual(['transient']);
    expect(slots.snapshot!()).toMatchObject({ inFlight: 1, zombies: 1 });
  });
});

/** One slot, and one place in its queue, before a breaker, which whoever hears of `what` isolates. */
function isolatedByListener(what: string) {
  const own = testRuntime();
  const runtime: Runtime = {
    ...own,
    sink: (event) => {
      if (Object.values(event).includes(what)) breaker.isolate();
    },
  };
  const breaker = circuitBreaker(
    { kind: 'consecutive', consecutiveFailures: 1, cooldown: '10s', cooldownJitter: 0 },
    runtime,
  );
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, runtime);
  const calls = pipeline(slots, breaker);
  const begun: string[] = [];
  const ends: string[] = [];
  const call = (name: string, operation: Operation, criticality: Criticality = 'critical') =>
    calls.start(
      (attempt) => (begun.push(name), operation(attempt)),
      ({ stoppedBy }) => ends.push(`${name}: ${stoppedBy}`),
      { criticality },
    );
  return { clock: own.clock, breaker, slots, begun, ends, call };
}

describe('a listener that isolates the breaker', () => {
  test('when it hears of a displaced call: the call that displaced it is refused as well', () => {
    const { slots, begun, ends, call } = isolatedByListener('displaced');
    call('running', () => pending);
    call('queued', () => pending, 'sheddable');
    call('newcomer', () => pending);
    expect(ends.toSorted()).toEqual(['newcomer: breaker', 'queued: breaker']);
    expect([slots.queued, begun]).toEqual([0, ['running']]);
  });

  test('when it hears that the breaker is half-open: no probe is made', () => {
    const { clock, breaker, begun, ends, call } = isolatedByListener('half-open');
    call('failing', () => {
      throw new Error('down');
    });
    clock.advance(10_000);
    call('probe', () => 'fine');
    expect(breaker.state).toBe('isolated');
    expect([begun, ends.at(-1)]).toEqual([['failing'], 'probe: breaker']);
  });
});
