import { describe, expect, test, vi } from 'vitest';
import {
  type Attempt,
  bulkhead,
  type CallOptions,
  circuitBreaker,
  type CircuitBreakerOptions,
  type Judgement,
  pending,
  pipeline,
  retry,
  retryBudget,
  type Settled,
  type Verdict,
} from '../../index.ts';
import { testRuntime } from '../../testing/index.ts';
import { asToldTo, PLAIN } from '../../../test/circuits.ts';

type Operation = (attempt: Attempt) => Verdict | Judgement;

const ONE_FAILURE: CircuitBreakerOptions = { kind: 'consecutive', consecutiveFailures: 1 };

const hang = () => pending as never;

/** A breaker behind two slots and a queue, in calls that are retried. */
function guarded(options: CircuitBreakerOptions = {}) {
  const runtime = testRuntime();
  const breaker = circuitBreaker({ ...PLAIN, cooldown: '10s', ...options }, runtime);
  const slots = bulkhead({ maxConcurrent: 2, maxQueue: 50 }, runtime);
  const budget = retryBudget({ floorPerSecond: 1 }, runtime);
  const backoff = { base: 1000, jitter: 'none' as const };
  const calls = pipeline(
    asToldTo,
    retry({ maxAttempts: 3, backoff }, runtime),
    budget,
    slots,
    breaker,
  );
  /** Begins so many calls, and tells what stopped those that have ended. */
  const begin = (times: number, operation: Operation, asked?: CallOptions) => {
    const ends: (string | null)[] = [];
    for (let i = 0; i < times; i++) {
      calls.start(operation, ({ stoppedBy }) => ends.push(stoppedBy), asked);
    }
    return ends;
  };
  /** Takes both slots; the attempts that hold them. */
  const fill = (): Attempt[] => {
    const attempts: Attempt[] = [];
    begin(2, (attempt) => {
      attempts.push(attempt);
      return pending as never;
    });
    return attempts;
  };
  /** Has it see one more failure, by a call that takes no slot. */
  const fail = (): void =>
    pipeline(asToldTo, breaker).start(
      () => 'transient',
      () => {},
    );
  return { clock: runtime.clock, breaker, slots, budget, calls, begin, fill, fail };
}

describe('before the queue', () => {
  test('an open breaker ends a call at once: no place in the queue, no token, no wait', () => {
    const { breaker, slots, budget, begin, fill, fail, clock } = guarded(ONE_FAILURE);
    fill();
    fail();
    expect(breaker.state).toBe('open');
    const used = budget.utilisation;
    expect(begin(20, hang, { idempotent: true })).toEqual(Array(20).fill('breaker'));
    expect(slots.queued).toBe(0);
    expect(budget.utilisation).toBe(used);
    expect(clock.armed).toBe(0);
  });

  test('a failure that opens it is not waited upon: the call ends with the refusal and its cause', () => {
    const { breaker, calls, clock } = guarded(ONE_FAILURE);
    const failure = new Error('reset');
    const ends: Pick<Settled, 'stoppedBy' | 'attempts' | 'error'>[] = [];
    calls.start(
      () => {
        throw failure;
      },
      ({ stoppedBy, attempts, error }) => ends.push({ stoppedBy, attempts, error }),
      { idempotent: true },
    );
    expect(breaker.state).toBe('open');
    expect(ends).toMatchObject([
      { stoppedBy: 'breaker', attempts: 1, error: { code: 'CIRCUIT_OPEN', cause: failure } },
    ]);
    expect(clock.armed).toBe(0);
  });

  test('closing releases no burst: whoever came while it was open was refused, not kept', () => {
    const { begin, clock, breaker } = guarded(ONE_FAILURE);
    let operations = 0;
    const count = () => (operations++, 'success' as const);
    begin(1, () => 'transient');
    begin(500, count);
    clock.advance(10_000);
    const probes: Attempt[] = [];
    begin(1, (attempt) => (probes.push(attempt), pending as never));
    begin(500, count);
    expect(breaker.state).toBe('half-open');
    probes[0]!.succeed('success');
    expect(breaker.state).toBe('closed');
    expect(operations).toBe(0);
  });
});

describe('what is queued in front of it', () => {
  test('is refused at once when it opens, though no slot is free', () => {
    const { begin, fill, fail, slots } = guarded(ONE_FAILURE);
    fill();
    const ends = begin(20, hang);
    expect([slots.queued, ends]).toEqual([20, []]);
    fail();
    expect([slots.queued, ends]).toEqual([0, Array(20).fill('breaker')]);
    expect(slots.inFlight).toBe(2);
  });

  test('is refused at once when it is isolated, and what runs goes on', () => {
    const { breaker, begin, fill, slots } = guarded();
    fill();
    const ends = begin(20, hang);
    expect([slots.queued, ends]).toEqual([20, []]);
    breaker.isolate();
    expect([slots.queued, ends]).toEqual([0, Array(20).fill('breaker')]);
    expect(slots.inFlight).toBe(2);
  });

  test('is refused in every queue in front of it, whichever call has opened it', () => {
    const runtime = testRuntime();
    const breaker = circuitBreaker(ONE_FAILURE, runtime);
    const ends: string[] = [];
    const running: Attempt[] = [];
    for (const name of ['one tenant', 'another tenant']) {
      const slots = bulkhead({ maxConcurrent: 1 }, runtime);
      const calls = pipeline(slots, breaker);
      calls.start(
        (attempt) => (running.push(attempt), pending),
        () => {},
      );
      calls.start(hang, ({ stoppedBy }) => ends.push(`${name}: ${stoppedBy}`));
    }
    running[0]!.fail(new Error('down'));
    expect(ends.toSorted()).toEqual(['another tenant: breaker', 'one tenant: breaker']);
  });

  test('is refused all the same when the callback of one throws or closes the breaker again', () => {
    const { breaker, calls, begin, fill, slots, clock } = guarded();
    fill();
    calls.start(hang, () => {
      breaker.reset();
      throw new Error('in a callback');
    });
    const ends = begin(3, hang);
    breaker.isolate();
    expect(slots.queued).toBe(0);
    expect(() => clock.advance(0)).toThrow('in a callback');
    expect(ends).toEqual(['breaker', 'breaker', 'breaker']);
  });

  test('is let go once nobody waits there: a breaker may outlive the queues in front of it', () => {
    const { breaker, begin, fill, slots } = guarded();
    const flush = vi.spyOn(slots, 'flush');
    const [running] = fill();
    const gone = new AbortController();
    begin(1, hang, { signal: gone.signal });
    begin(1, () => 'success');
    gone.abort();
    running!.succeed('success');
    breaker.isolate();
    expect(flush).not.toHaveBeenCalled();
  });
});

test('idle, it holds no timer, whatever its state', () => {
  const { breaker, clock, begin } = guarded({ ...ONE_FAILURE, successesToClose: 2 });
  const seen: unknown[] = [];
  const look = () => seen.push([breaker.state, clock.armed]);
  look();
  begin(1, () => 'transient');
  look();
  clock.advance(10_000);
  begin(1, () => 'success');
  look();
  breaker.isolate();
  look();
  expect(seen).toEqual([
    ['closed', 0],
    ['open', 0],
    ['half-open', 0],
    ['isolated', 0],
  ]);
});
