import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { pipeline } from '../../core/pipeline.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { testRuntime } from '../../testing/index.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { circuitBreaker } from '../circuit-breaker/circuit-breaker.ts';
import { deadline } from '../deadline/deadline.ts';
import { retryBudget } from '../retry-budget/retry-budget.ts';
import type { RetryOptions } from './options.ts';
import { retry } from './retry.ts';
import {
  answer,
  atOnce,
  Failure,
  judging,
  outcomeOf,
  plain,
  play,
  retrying,
  safe,
  waitsOf,
} from '../../../test/retries.ts';

describe('how long it waits', () => {
  const five: RetryOptions = { maxAttempts: 5 };

  test.each<[string, RetryOptions['backoff'], number[]]>([
    ['exponential', {}, [100, 200, 400, 800]],
    ['exponential, by three', { factor: 3 }, [100, 300, 900, 2700]],
    ['exponential, up to 300', { max: 300 }, [100, 200, 300, 300]],
    ['linear', { kind: 'linear' }, [100, 200, 300, 400]],
    ['constant', { kind: 'constant' }, [100, 100, 100, 100]],
    ['custom', { kind: 'custom', custom: (n) => n * n }, [1, 4, 9, 16]],
    ['custom, what is no time', { kind: 'custom', custom: () => NaN }, [0, 0, 0, 0]],
    ['custom, negative', { kind: 'custom', custom: () => -5 }, [0, 0, 0, 0]],
    ['custom, endless', { kind: 'custom', custom: () => Infinity }, [5000, 5000, 5000, 5000]],
  ])('%s', async (_, backoff, waits) => {
    const rt = testRuntime();
    const options = { ...five, backoff: { jitter: 'none' as const, ...backoff } };
    const { attempts } = await outcomeOf(options, play(new Failure('transient')), safe, rt);
    expect(waitsOf(rt)).toEqual(waits);
    const starts = waits.map((_wait, n) => waits.slice(0, n + 1).reduce((sum, ms) => sum + ms));
    expect(attempts.map(({ startedAfter }) => startedAfter)).toEqual([0, ...starts]);
  });

  test('jitter is on and full unless another is asked for', async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 200; seed++) {
      const rt = testRuntime(seed);
      await outcomeOf({ maxAttempts: 2 }, play(new Failure('transient')), safe, rt);
      waits.push(...waitsOf(rt));
    }
    expect(new Set(waits).size).toBeGreaterThan(190);
    expect(Math.min(...waits)).toBeLessThan(10);
    expect(Math.max(...waits)).toBeGreaterThan(90);
    expect(Math.max(...waits)).toBeLessThan(100);
  });

  test('a Retry-After is a floor, with the jittered backoff on top', async () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 100; seed++) {
      const rt = testRuntime(seed);
      await outcomeOf({ maxAttempts: 2 }, play(answer('overload', { retryAfter: 5000 })), {}, rt);
      waits.push(...waitsOf(rt));
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5000);
    expect(Math.max(...waits)).toBeLessThan(5100);
    expect(new Set(waits).size).toBeGreaterThan(90);
  });

  test.each([NaN, -1000, '5'])('a Retry-After of %j counts as none', async (given) => {
    const rt = testRuntime();
    const retryAfter = given as number; // a header that nobody has read
    await outcomeOf(plain, play(answer('overload', { retryAfter })), {}, rt);
    expect(waitsOf(rt)).toEqual([100, 200]);
  });

  test('a Retry-After longer than maxRetryAfter ends the call at once', async () => {
    const operation = play(answer('overload', { retryAfter: 60_001 }));
    const result = await retrying({}, testRuntime()).tryCall(operation);
    expect([operation.times, result.stoppedBy]).toEqual([1, 'pushback']);
    const patient = play(answer('overload', { retryAfter: 60_000 }));
    await outcomeOf({}, patient, {});
    expect(patient.times).toBe(3);
  });

  test('retries without a wait take no timer, and 100 000 of them do not deepen the stack', async () => {
    const rt = testRuntime();
    const operation = play(new Failure('transient'));
    const options = { ...atOnce, maxAttempts: 100_000 };
    const result = retrying(options, { ...rt, sink: null }).tryCall(operation, safe);
    expect(operation.times).toBe(100);
    rt.clock.advance(0);
    await expect(result).resolves.toMatchObject({ stoppedBy: 'attempts' });
    expect(operation.times).toBe(100_000);
  });

  test('a custom backoff that throws ends the call with what it threw', async () => {
    const mistake = new TypeError('not a function');
    const faulty = (): number => {
      throw mistake;
    };
    const refused = answer('transient');
    const discarded: unknown[] = [];
    const calls = pipeline(
      judging((value) => discarded.push(value)),
      retry({ backoff: { kind: 'custom', custom: faulty } }, testRuntime()),
    );
    const result = await calls.tryCall(play(refused), safe);
    expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
    expect(result.error).toBe(mistake);
    expect(discarded).toEqual([refused]);
  });

  test('a call whose repeatable throws when it is asked again ends with that', async () => {
    const mistake = new TypeError('no such body');
    let begun = false;
    const asked = {
      idempotent: true,
      get repeatable(): boolean {
        if (begun) throw mistake;
        return true;
      },
    };
    const failing = (): never => {
      begun = true;
      throw new Failure('transient');
    };
    const result = await retrying(plain, testRuntime()).tryCall(failing, asked);
    expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
    expect(result.error).toBe(mistake);
  });

  test('no bulkhead slot is held while it waits', async () => {
    const rt = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, rt);
    const calls = retrying(plain, rt, slots);
    const first = calls.tryCall(play(new Failure('transient'), 'late'), safe);
    expect(slots.inFlight).toBe(0);
    await expect(calls.call(() => 'meanwhile')).resolves.toBe('meanwhile');
    rt.clock.advance(100);
    await expect(first).resolves.toMatchObject({ ok: true, value: 'late' });
  });
});

/** A patient retry within a deadline. */
const within = (ms: number, rt: Runtime) =>
  pipeline(judging(), deadline(ms, rt), retry({ ...plain, maxAttempts: 9 }, rt));

describe('when it does not wait', () => {
  test('a wait that would outlive the deadline is not begun', async () => {
    const rt = testRuntime();
    const error = new Failure('transient');
    const result = await within(100, rt).tryCall(play(error), safe);
    expect(result).toMatchObject({ ok: false, stoppedBy: 'deadline' });
    expect(result.error).toBe(error);
    expect([rt.clock.now(), rt.clock.armed]).toEqual([0, 0]);
  });

  test('a wait is not begun if an attempt of the usual length would not fit behind it', async () => {
    const rt = testRuntime();
    const calls = within(1000, rt);
    for (let i = 0; i < 60; i++) {
      const done = calls.tryCall(() => new Promise((resolve) => setImmediate(resolve)));
      rt.clock.advance(950);
      await done;
    }
    const begun = rt.clock.now();
    const { stoppedBy, attempts } = await calls.tryCall(play(new Failure('transient')), safe);
    expect([stoppedBy, attempts.length, rt.clock.now() - begun]).toEqual(['deadline', 1, 0]);
  });

  test('a Retry-After beyond the deadline ends the call at once', async () => {
    const rt = testRuntime();
    const busy = answer('overload', { retryAfter: 5000 });
    const result = await within(4000, rt).tryCall(play(busy));
    expect(result).toMatchObject({ ok: true, value: busy, stoppedBy: 'deadline' });
    expect(rt.clock.now()).toBe(0);
  });

  test('an open breaker ends the call before the wait, and before the first attempt', async () => {
    const rt = testRuntime();
    const breaker = circuitBreaker({ kind: 'consecutive', consecutiveFailures: 2 }, rt);
    const calls = retrying({ ...atOnce, maxAttempts: 9 }, rt, breaker);
    const error = new Failure('transient');
    const operation = play(error);
    const result = await calls.tryCall(operation, safe);
    expect(result).toMatchObject({
      ok: false,
      stoppedBy: 'breaker',
      error: { code: 'CIRCUIT_OPEN' },
    });
    expect((result.error as Error).cause).toBe(error);
    expect(result.attempts).toHaveLength(2);
    await expect(calls.tryCall(operation, safe)).resolves.toMatchObject({ stoppedBy: 'breaker' });
    expect(operation.times).toBe(2);
  });

  test('a spent budget ends the call before the wait', async () => {
    const rt = testRuntime();
    const calls = retrying(plain, rt, retryBudget({ floorPerSecond: 0 }, rt));
    const busy = answer('transient');
    const result = await calls.tryCall(play(busy), safe);
    expect(result).toMatchObject({ ok: true, value: busy, stoppedBy: 'budget' });
    expect([rt.clock.now(), rt.clock.armed]).toEqual([0, 0]);
  });

  test('a refusal inside is not tried again', async () => {
    const rt = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, rt);
    const calls = retrying(plain, rt, slots);
    void calls.tryCall(() => new Promise(() => {}));
    await expect(calls.tryCall(play('never'), safe)).resolves.toMatchObject({
      stoppedBy: 'rejected',
      error: { code: 'BULKHEAD_FULL' },
    });
  });

  test('retries that another call has exhausted are not repeated', async () => {
    const rt = testRuntime();
    const inner = retrying(atOnce, rt);
    const operation = play(new Failure('transient'));
    const result = await retrying(atOnce, rt).tryCall(() => inner.call(operation, safe), safe);
    expect(operation.times).toBe(3);
    expect(result).toMatchObject({ stoppedBy: 'nested', error: { code: 'RETRIES_EXHAUSTED' } });
  });
});

describe('aborts', () => {
  test('a wait ends at once with the reason, and nothing is left of it', async () => {
    const rt = testRuntime();
    const controller = new AbortController();
    const operation = play(new Failure('transient'));
    const { signal } = controller;
    const result = retrying(plain, rt).tryCall(operation, { ...safe, signal });
    rt.clock.advance(50);
    const reason = { why: 'the user has left' };
    controller.abort(reason);
    const { error, stoppedBy } = await result;
    expect(error).toBe(reason);
    expect(stoppedBy).toBe('abort');
    rt.clock.advance(60_000);
    expect([operation.times, rt.clock.armed]).toEqual([1, 0]);
  });

  test('onRetry may abort its own call', async () => {
    for (const options of [plain, atOnce]) {
      const rt = testRuntime();
      const controller = new AbortController();
      const operation = play(new Failure('transient'));
      const calls = retrying({ ...options, onRetry: () => controller.abort('enough') }, rt);
      const result = await calls.tryCall(operation, { ...safe, signal: controller.signal });
      expect(result).toMatchObject({ error: 'enough', stoppedBy: 'abort' });
      rt.clock.advance(0);
      expect([operation.times, rt.clock.armed]).toEqual([1, 0]);
    }
  });

  test('the deadline ends the attempt that follows a wait', async () => {
    const rt = testRuntime();
    const calls = pipeline(judging(), deadline(150, rt), retry(plain, rt));
    const error = new Failure('transient');
    let times = 0;
    const result = calls.tryCall(() => {
      if (++times > 1) return new Promise(() => {});
      throw error;
    }, safe);
    await rt.clock.advanceAsync(150);
    const { error: exceeded, stoppedBy } = await result;
    expect(exceeded).toMatchObject({ code: 'DEADLINE_EXCEEDED', cause: error });
    expect([times, stoppedBy]).toEqual([2, 'deadline']);
  });
});

describe('a call that has waited', () => {
  test('goes on in the async context of its own caller', async () => {
    const rt = testRuntime();
    const tenant = new AsyncLocalStorage<string>();
    const calls = retrying({ ...plain, maxAttempts: 2 }, rt);
    const seen: unknown[] = [];
    const operation = (): never => {
      seen.push(tenant.getStore());
      throw new Failure('transient');
    };
    const results = ['a', 'b'].map((name) =>
      tenant.run(name, () => calls.tryCall(operation, safe)),
    );
    tenant.run('clock', () => rt.clock.advance(100));
    await Promise.all(results);
    expect(seen).toEqual(['a', 'b', 'a', 'b']);
  });
});
