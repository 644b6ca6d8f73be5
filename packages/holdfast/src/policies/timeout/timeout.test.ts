import { describe, expect, test } from 'vitest';
import { classify } from '../../core/classify.ts';
import { type Attempt, type CallOptions, pending } from '../../core/operation.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { testRuntime } from '../../testing/index.ts';
import { deadline } from '../deadline/deadline.ts';
import { retry } from '../retry/retry.ts';
import { timeout } from './timeout.ts';

const safe = { idempotent: true };
const discarded: unknown[] = [];
const judging = classify<unknown>(
  ({ ok }) => (ok ? 'success' : 'transient'),
  (value) => discarded.push(value),
);

/** An operation that settles when the test says so, and shows its attempts. */
function held() {
  const attempts: Attempt[] = [];
  const operation = (attempt: Attempt): typeof pending => {
    attempts.push(attempt);
    return pending;
  };
  return { attempts, operation };
}

describe('an attempt that takes too long', () => {
  test('ends with AttemptTimeoutError at its limit, even if the operation never settles', async () => {
    const rt = testRuntime();
    const result = pipeline(timeout('250ms', rt)).tryCall(() => new Promise(() => {}));
    rt.clock.advance(249);
    expect(rt.sink.of('call.settled')).toEqual([]);
    rt.clock.advance(1);
    const { error, verdict, attempts } = await result;
    expect(error).toMatchObject({
      name: 'AttemptTimeoutError',
      code: 'ATTEMPT_TIMEOUT',
      policy: 'timeout',
      status: 504,
      message: 'no answer within 250ms (timeout, 1 attempt, 250ms)',
    });
    expect(verdict).toBe('timeout');
    expect(attempts).toMatchObject([{ attempt: 1, verdict: 'timeout', duration: 250, error }]);
    expect(rt.sink.of('timeout.expired')).toEqual([
      { type: 'timeout.expired', dependency: '', attempt: 1, after: 250 },
    ]);
  });

  test('is told by its signal, whose reason is that error', async () => {
    const rt = testRuntime();
    const { attempts, operation } = held();
    const result = pipeline(timeout(100, rt)).tryCall((attempt) => {
      attempt.signal.throwIfAborted();
      return operation(attempt);
    });
    const { signal } = attempts[0]!;
    rt.clock.advance(99);
    expect(signal.aborted).toBe(false);
    rt.clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toBe((await result).error);
  });

  test('finds a signal that has aborted, if it looks only later', async () => {
    const rt = testRuntime();
    const { attempts, operation } = held();
    const result = pipeline(timeout(100, rt)).tryCall(operation);
    rt.clock.advance(100);
    expect(attempts[0]!.signal.reason).toBe((await result).error);
  });

  test('has its late value dropped and let go, and its late error dropped', async () => {
    const rt = testRuntime();
    const { attempts, operation } = held();
    const calls = pipeline(judging, timeout(100, rt));
    const results = [calls.tryCall(operation), calls.tryCall(operation)];
    rt.clock.advance(100);
    discarded.length = 0;
    attempts[0]!.succeed('late');
    attempts[1]!.fail(new Error('late'));
    expect(discarded).toEqual(['late']);
    for (const { error } of await Promise.all(results)) {
      expect(error).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
    }
    expect(rt.sink.of('call.settled')).toHaveLength(2);
  });
});

describe('an attempt that ends in time', () => {
  test('keeps its outcome, and leaves no timer and no aborted signal', async () => {
    const rt = testRuntime();
    const { attempts, operation } = held();
    const result = pipeline(timeout(100, rt)).call(operation);
    const { signal } = attempts[0]!;
    rt.clock.advance(99);
    attempts[0]!.succeed('just in time');
    await expect(result).resolves.toBe('just in time');
    rt.clock.advance(1000);
    expect([rt.clock.armed, signal.aborted]).toEqual([0, false]);
    expect(rt.sink.of('timeout.expired')).toEqual([]);
  });

  test('may be synchronous, and throw', async () => {
    const rt = testRuntime();
    const error = new Error('no');
    const calls = pipeline(timeout(1, rt));
    await expect(calls.call(() => 'now')).resolves.toBe('now');
    const failed = calls.call(() => {
      throw error;
    });
    await expect(failed).rejects.toBe(error);
    expect(rt.clock.armed).toBe(0);
  });
});

describe('inside a retry', () => {
  test('each attempt has the whole time, and is tried again if that is safe', async () => {
    const rt = testRuntime();
    const again = retry({ backoff: { base: 0 } }, rt);
    const calls = pipeline(judging, again, timeout(100, rt));
    const { attempts, operation } = held();
    const result = calls.tryCall(operation, safe);
    rt.clock.advance(150);
    expect(attempts).toHaveLength(2);
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    attempts[0]!.succeed('too late');
    rt.clock.advance(49);
    attempts[1]!.succeed('second');
    await expect(result).resolves.toMatchObject({ value: 'second' });
  });

  test('an attempt that may have had its effect is not repeated', async () => {
    const rt = testRuntime();
    const calls = pipeline(judging, retry({}, rt), timeout(100, rt));
    const { attempts, operation } = held();
    const result = calls.tryCall(operation);
    rt.clock.advance(100);
    const { error, stoppedBy } = await result;
    expect(error).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
    expect([attempts.length, stoppedBy]).toEqual([1, 'unsafe']);
  });

  test.each<[string, CallOptions, number, string]>([
    ['nothing says that it may be repeated', {}, 3, 'unsafe'],
    ['the wait would outlive the deadline', { ...safe, deadline: 150 }, 3, 'deadline'],
    ['no more are allowed', safe, 1, 'attempts'],
  ])(
    'its error says why no further attempt was made: %s',
    async (_why, call, maxAttempts, reason) => {
      const rt = testRuntime();
      const again = retry({ maxAttempts, backoff: { jitter: 'none', base: 500 } }, rt);
      const calls = pipeline(judging, deadline('10s', rt), again, timeout(100, rt));
      const answer = calls.call(held().operation, call).catch((error: unknown) => error);
      rt.clock.advance(100);
      expect(await answer).toMatchObject({ code: 'ATTEMPT_TIMEOUT', stoppedBy: reason });
    },
  );

  test('its error stays as it is where the operation has frozen it', async () => {
    const rt = testRuntime();
    const calls = pipeline(judging, retry({}, rt), timeout(100, rt));
    const answer = calls.tryCall(({ signal }) => {
      signal.addEventListener('abort', () => Object.freeze(signal.reason));
      return new Promise(() => {});
    });
    rt.clock.advance(100);
    expect(await answer).toMatchObject({ stoppedBy: 'unsafe', error: { code: 'ATTEMPT_TIMEOUT' } });
  });

  test('the error of a call inside the operation stays as it is', async () => {
    const rt = testRuntime();
    const inner = pipeline(timeout(100, rt));
    const outer = pipeline(judging, retry({}, rt), timeout(200, rt));
    const answer = outer.tryCall(() => inner.call(held().operation));
    rt.clock.advance(100);
    const { stoppedBy, error } = await answer;
    expect([stoppedBy, error]).toMatchObject(['unsafe', { stoppedBy: 'attempts' }]);
  });
});

/** A timeout of 250 ms around a retry that waits 100 ms, then 200. */
const around = (rt: Runtime) =>
  pipeline(judging, timeout(250, rt), retry({ backoff: { jitter: 'none' } }, rt));

describe('outside of a retry', () => {
  test('it bounds attempts and waits together', async () => {
    const rt = testRuntime();
    let times = 0;
    const result = around(rt).tryCall(() => {
      times++;
      throw new Error('no');
    }, safe);
    rt.clock.advance(249);
    expect(times).toBe(2);
    rt.clock.advance(1);
    const { error, verdict, attempts } = await result;
    expect(error).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
    expect([verdict, attempts.length, rt.clock.armed]).toEqual(['timeout', 2, 0]);
  });

  test('it cuts the attempt that runs', async () => {
    const rt = testRuntime();
    const { attempts, operation } = held();
    const result = around(rt).tryCall(operation, safe);
    rt.clock.advance(250);
    expect(attempts[0]!.signal.aborted).toBe(true);
    await expect(result).resolves.toMatchObject({ attempts: [{ verdict: 'timeout' }] });
  });

  test('it is over when the retry succeeds', async () => {
    const rt = testRuntime();
    const result = around(rt).call(({ number }) => {
      if (number === 1) throw new Error('no');
      return 'fine';
    }, safe);
    rt.clock.advance(100);
    await expect(result).resolves.toBe('fine');
    expect(rt.clock.armed).toBe(0);
  });

  test('of two, one inside and one outside, the shorter decides', async () => {
    const rt = testRuntime();
    const { operation } = held();
    const results = [
      pipeline(timeout(100, rt), timeout(200, rt)).tryCall(operation),
      pipeline(timeout(200, rt), timeout(100, rt)).tryCall(operation),
    ];
    rt.clock.advance(100);
    for (const { error } of await Promise.all(results)) {
      expect(error).toMatchObject({ message: expect.stringContaining('within 100ms') });
    }
    expect(rt.clock.armed).toBe(0);
  });
});

describe('the limit', () => {
  test.each([0, -1, NaN, Infinity, 0.5, '0ms', '-1s', '1 s', '1w', '', '5'])(
    '%j is refused',
    (after) => {
      const refused = (): unknown => timeout(after as never);
      expect(refused).toThrow(RangeError);
      expect(refused).toThrow('timeout.after must be a duration of at least 1ms');
    },
  );

  test.each([null, true, [], () => 5])('%j is of the wrong kind', (after) => {
    expect(() => timeout(after as never)).toThrow(TypeError);
  });

  test('may lie beyond 2^31 ms', async () => {
    const rt = testRuntime();
    const year = 365 * 24 * 3_600_000;
    const { operation } = held();
    const result = pipeline(timeout(year, rt)).tryCall(operation);
    rt.clock.advance(year - 1);
    expect(rt.sink.of('timeout.expired')).toEqual([]);
    rt.clock.advance(1);
    await expect(result).resolves.toMatchObject({ verdict: 'timeout' });
  });

  test('beyond 2^31 ms does not overflow on the system clock into none at all', async () => {
    const calls = pipeline(timeout(Number.MAX_SAFE_INTEGER, systemRuntime));
    const answer = new Promise((resolve) => setTimeout(resolve, 20, 'in time'));
    await expect(calls.call(() => answer)).resolves.toBe('in time');
  });

  test('is a second unless said', async () => {
    const rt = testRuntime();
    const { operation } = held();
    const result = pipeline(timeout(undefined, rt)).tryCall(operation);
    rt.clock.advance(1000);
    await expect(result).resolves.toMatchObject({
      error: { message: 'no answer within 1s (timeout, 1 attempt, 1s)' },
    });
  });
});
