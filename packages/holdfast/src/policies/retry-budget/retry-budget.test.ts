import { describe, expect, test } from 'vitest';
import { classify } from '../../core/classify.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Policy } from '../../core/policy.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { testRuntime } from '../../testing/index.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { circuitBreaker } from '../circuit-breaker/circuit-breaker.ts';
import { retry } from '../retry/retry.ts';
import type { RetryBudgetOptions } from './options.ts';
import { type RetryBudget, retryBudget } from './retry-budget.ts';

const BUSY = 'busy';
const judging = classify<unknown>(({ ok, value }) =>
  ok && value !== BUSY ? 'success' : 'transient',
);

const safe = { idempotent: true };

/** A retry without waits, this budget inside it, and inside that whatever else. */
function under(budget: RetryBudget, rt: Runtime, ...inside: Policy[]) {
  const again = retry({ maxAttempts: 3, backoff: { base: 0 } }, rt);
  return pipeline(judging, again, budget, ...(inside as []));
}

const fail = (): never => {
  throw new Error('no');
};

/** How many attempts a call made that fails throughout. */
async function attemptsOf(calls: ReturnType<typeof under>): Promise<number> {
  return (await calls.tryCall(fail, safe)).attempts.length;
}

async function earn(calls: ReturnType<typeof under>, successes: number): Promise<void> {
  for (let i = 0; i < successes; i++) await calls.call(() => 'fine');
}

describe('earnings', () => {
  test('successful calls earn a tenth of an extra attempt each', async () => {
    const rt = testRuntime();
    const calls = under(retryBudget({ floorPerSecond: 0 }, rt), rt);
    await earn(calls, 9);
    expect(await attemptsOf(calls)).toBe(1);
    await earn(calls, 1);
    expect(await attemptsOf(calls)).toBe(2);
    expect(await attemptsOf(calls)).toBe(1);
  });

  test('failing calls earn nothing, unless every call is to earn', async () => {
    const rt = testRuntime();
    const bySuccess = under(retryBudget({ ratio: 1, floorPerSecond: 0 }, rt), rt);
    const options: RetryBudgetOptions = { ratio: 1, floorPerSecond: 0, earnedBy: 'call' };
    const byCall = under(retryBudget(options, rt), rt);
    expect(await attemptsOf(bySuccess)).toBe(1);
    expect(await attemptsOf(byCall)).toBe(2);
    await earn(byCall, 1);
    expect(await attemptsOf(byCall)).toBe(3);
    expect(await attemptsOf(byCall)).toBe(2);
  });

  test('a call that succeeds after a retry earns once', async () => {
    const rt = testRuntime();
    const budget = retryBudget(
      { kind: 'token-bucket', ratio: 1, floorPerSecond: 0, capacity: 2 },
      rt,
    );
    const calls = under(budget, rt);
    await attemptsOf(calls);
    expect(budget.utilisation).toBe(1);
    await calls.call(() => 'fine');
    await calls.call(({ number }) => (number === 1 ? fail() : 'fine'), safe);
    expect(budget.utilisation).toBe(0.5);
  });

  test('a fresh budget lets one retry through, and one more every ten seconds', async () => {
    const rt = testRuntime();
    const calls = under(retryBudget({}, rt), rt);
    expect([await attemptsOf(calls), await attemptsOf(calls)]).toEqual([2, 1]);
    rt.clock.advance(10_000);
    expect([await attemptsOf(calls), await attemptsOf(calls)]).toEqual([2, 1]);
    rt.clock.advance(3_600_000);
    expect([await attemptsOf(calls), await attemptsOf(calls)]).toEqual([2, 1]);
  });

  test('after an outage that used everything up, successes alone bring it back', async () => {
    for (const kind of ['window', 'token-bucket'] as const) {
      const rt = testRuntime();
      const calls = under(retryBudget({ kind, floorPerSecond: 0 }, rt), rt);
      await earn(calls, 100);
      for (let minute = 0; minute < 60; minute++) {
        for (let i = 0; i < 20; i++) await attemptsOf(calls);
        rt.clock.advance(60_000);
      }
      expect(await attemptsOf(calls)).toBe(1);
      await earn(calls, 20);
      expect(await attemptsOf(calls)).toBe(3);
    }
  });

  test('the cap per minute holds, whatever was earned', async () => {
    const rt = testRuntime();
    const calls = under(retryBudget({ ratio: 10, capPerMinute: 3 }, rt), rt);
    await earn(calls, 100);
    expect([await attemptsOf(calls), await attemptsOf(calls), await attemptsOf(calls)]).toEqual([
      3, 2, 1,
    ]);
  });

  test('a token bucket starts full', async () => {
    const rt = testRuntime();
    const calls = under(
      retryBudget({ kind: 'token-bucket', capacity: 3, floorPerSecond: 0 }, rt),
      rt,
    );
    expect([await attemptsOf(calls), await attemptsOf(calls)]).toEqual([3, 2]);
  });
});

describe('charges', () => {
  test('are made when the extra attempt begins, not when it is decided on', async () => {
    const rt = testRuntime();
    const budget = retryBudget({ kind: 'token-bucket', capacity: 2, floorPerSecond: 0 }, rt);
    const again = retry({ maxAttempts: 2, backoff: { jitter: 'none' } }, rt);
    const result = pipeline(judging, again, budget).tryCall(fail, safe);
    expect(budget.utilisation).toBe(0);
    rt.clock.advance(100);
    await result;
    expect(budget.utilisation).toBe(0.5);
  });

  test('of two calls that wait for one token, the second ends with its last real error as cause', async () => {
    const rt = testRuntime();
    const budget = retryBudget({ floorPerSecond: 0.1 }, rt);
    const again = retry({ maxAttempts: 2, backoff: { jitter: 'none' } }, rt);
    const calls = pipeline(judging, again, budget);
    const errors = [new Error('first'), new Error('second')];
    const results = errors.map((error) =>
      calls.tryCall(() => {
        throw error;
      }, safe),
    );
    await rt.clock.advanceAsync(100);
    const [first, second] = await Promise.all(results);
    expect(first).toMatchObject({ stoppedBy: 'attempts', error: { code: 'RETRIES_EXHAUSTED' } });
    expect(second).toMatchObject({
      stoppedBy: 'budget',
      error: { code: 'RETRY_BUDGET_EXHAUSTED', stoppedBy: 'budget', attempts: [{ attempt: 1 }] },
    });
    expect((second!.error as Error).cause).toBe(errors[1]);
  });

  test('first attempts are never charged nor refused', async () => {
    const rt = testRuntime();
    const budget = retryBudget({ ratio: 0, floorPerSecond: 0 }, rt);
    const calls = under(budget, rt);
    for (let i = 0; i < 100; i++) expect(await attemptsOf(calls)).toBe(1);
    await expect(calls.call(() => 'fine')).resolves.toBe('fine');
  });

  test('first attempts that have queued are not refused either, however empty the budget', async () => {
    const rt = testRuntime();
    const empty = retryBudget({ ratio: 0, floorPerSecond: 0 }, rt);
    const calls = pipeline(judging, bulkhead({ maxConcurrent: 1 }, rt), empty);
    const first = calls.call(async () => 'first');
    const queued = calls.call(async () => 'queued');
    await expect(Promise.all([first, queued])).resolves.toEqual(['first', 'queued']);
  });

  test('go back when a policy further in refuses the attempt', async () => {
    const rt = testRuntime();
    const budget = retryBudget({ kind: 'token-bucket', capacity: 1, floorPerSecond: 0 }, rt);
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, rt);
    const again = retry({ backoff: { jitter: 'none' } }, rt);
    const calls = pipeline(judging, again, budget, slots);
    const refused = calls.tryCall(fail, safe);
    void calls.tryCall(() => new Promise(() => {}));
    rt.clock.advance(100);
    await expect(refused).resolves.toMatchObject({
      stoppedBy: 'rejected',
      error: { code: 'BULKHEAD_FULL' },
    });
    expect(budget.utilisation).toBe(0);
  });

  test('go back when the caller leaves before the attempt has begun, however long it queued', async () => {
    const rt = testRuntime();
    const budget = retryBudget({ ratio: 1, floorPerSecond: 0 }, rt);
    const slots = bulkhead({ maxConcurrent: 1 }, rt);
    const again = retry({ backoff: { jitter: 'none' } }, rt);
    const calls = pipeline(judging, again, budget, slots);
    await calls.call(() => 'fine');
    const controller = new AbortController();
    const queued = calls.tryCall(fail, { ...safe, signal: controller.signal });
    void calls.tryCall(() => new Promise(() => {}));
    rt.clock.advance(3000);
    expect([budget.utilisation, slots.queued]).toEqual([1, 1]);
    controller.abort();
    await queued;
    expect(budget.utilisation).toBe(0);
  });

  test('stay when the attempt ran, whatever came of it', async () => {
    const rt = testRuntime();
    const budget = retryBudget(
      { kind: 'token-bucket', capacity: 4, ratio: 0, floorPerSecond: 0 },
      rt,
    );
    const breaker = circuitBreaker({ kind: 'consecutive', consecutiveFailures: 2 }, rt);
    const result = await under(budget, rt, breaker).tryCall(fail, safe);
    expect(result).toMatchObject({ stoppedBy: 'breaker' });
    expect(budget.utilisation).toBe(0.25);
    await under(budget, rt).tryCall(({ number }) => (number === 1 ? fail() : 'fine'), safe);
    expect(budget.utilisation).toBe(0.5);
  });
});

describe('exhaustion', () => {
  test('ends the call with RetryBudgetExhaustedError and the last real error as its cause', async () => {
    const rt = testRuntime();
    const last = new Error('no');
    const calls = under(retryBudget({ floorPerSecond: 0 }, rt), rt);
    const { error, stoppedBy } = await calls.tryCall(() => Promise.reject(last), safe);
    expect(stoppedBy).toBe('budget');
    expect(error).toMatchObject({
      name: 'RetryBudgetExhaustedError',
      message: 'failed, and the retry budget is used up (retry-budget, 1 attempt, 0ms)',
      attempts: [{ attempt: 1, verdict: 'transient', error: last }],
    });
    expect((error as Error).cause).toBe(last);
  });

  test('hands out the last answer, if there was one', async () => {
    const rt = testRuntime();
    const calls = under(retryBudget({ floorPerSecond: 0 }, rt), rt);
    const result = await calls.tryCall(() => BUSY, safe);
    expect(result).toMatchObject({
      ok: true,
      value: BUSY,
      stoppedBy: 'budget',
      verdict: 'transient',
    });
  });

  test('is told as an event, and in the snapshot', async () => {
    const rt = testRuntime();
    const calls = under(retryBudget({}, rt), rt);
    expect(calls.snapshot()).toEqual({ 'retry-budget': { utilisation: 0 } });
    await attemptsOf(calls);
    expect(rt.sink.of('retry-budget.exhausted')).toEqual([
      { type: 'retry-budget.exhausted', dependency: '', attempts: 2 },
    ]);
    expect(calls.snapshot()).toEqual({ 'retry-budget': { utilisation: 1 } });
  });
});

describe('sharing', () => {
  test('two retries in one pipeline draw on the one budget inside them', async () => {
    const rt = testRuntime();
    const budget = retryBudget(
      { kind: 'token-bucket', capacity: 3, ratio: 0, floorPerSecond: 0 },
      rt,
    );
    const inner = retry({ maxAttempts: 2, backoff: { base: 0 } }, rt);
    const outer = retry({ maxAttempts: 9, backoff: { base: 0 } }, rt);
    const { attempts, stoppedBy } = await pipeline(judging, outer, inner, budget).tryCall(
      fail,
      safe,
    );
    expect([attempts.length, stoppedBy]).toEqual([4, 'budget']);
  });

  test('two pipelines draw on one budget', async () => {
    const rt = testRuntime();
    const budget = retryBudget(
      { kind: 'token-bucket', capacity: 3, ratio: 0, floorPerSecond: 0 },
      rt,
    );
    expect([await attemptsOf(under(budget, rt)), await attemptsOf(under(budget, rt))]).toEqual([
      3, 2,
    ]);
  });
});

/** Requests that reach the bottom for each call at the top; between layers an error is but an error. */
async function amplification(options: RetryBudgetOptions | null): Promise<number> {
  const rt = { ...testRuntime(), sink: null };
  let reached = 0;
  let layer = async (): Promise<unknown> => {
    reached++;
    throw new Error('no');
  };
  for (let i = 0; i < 3; i++) {
    const again = retry({ maxAttempts: 3, backoff: { base: 0 } }, rt);
    const inside = layer;
    const calls = options === null ? pipeline(judging, again) : under(retryBudget(options, rt), rt);
    layer = async () => {
      const { ok } = await calls.tryCall(inside, safe);
      if (!ok) throw new Error('503');
    };
  }
  const count = 2000;
  for (let i = 0; i < count; i++) {
    await layer().catch(() => {});
    rt.clock.advance(10);
  }
  return reached / count;
}

describe('three layers of three attempts, when everything fails', () => {
  test('send 27 requests for one without budgets', async () => {
    expect(await amplification(null)).toBe(27);
  });

  test('send 1.331 with budgets of a tenth of all calls', async () => {
    const sent = await amplification({ earnedBy: 'call', floorPerSecond: 0 });
    expect(sent).toBeGreaterThan(1.32);
    expect(sent).toBeLessThanOrEqual(1.331);
  });

  test('send one with budgets of a tenth of the calls that succeed', async () => {
    expect(await amplification({ floorPerSecond: 0 })).toBe(1);
  });
});

describe('options', () => {
  test.each<[unknown, string]>([
    [{ ratio: -0.1 }, 'retryBudget.ratio must be a number from 0 to 10, got -0.1'],
    [{ ratio: NaN }, 'retryBudget.ratio must be a number from 0 to 10, got NaN'],
    [{ window: 999 }, 'retryBudget.window must be a duration from 1s to 10m, got 999'],
    [{ capacity: 0 }, 'retryBudget.capacity must be a whole number from 1 to 10000, got 0'],
    [
      { kind: 'bucket' },
      "retryBudget.kind must be one of 'window', 'token-bucket', got \"bucket\"",
    ],
    [{ minPerSecond: 1 }, 'retryBudget.minPerSecond is not an option'],
  ])('%j is refused: %s', (options, message) => {
    expect(() => retryBudget(options as RetryBudgetOptions)).toThrow(message);
  });
});
