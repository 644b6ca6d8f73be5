import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { classify } from '../../core/classify.ts';
import { custom } from '../../core/custom.ts';
import type { CallOptions } from '../../core/operation.ts';
import type { Judgement, Verdict } from '../../core/outcome.ts';
import { pipeline } from '../../core/pipeline.ts';
import type { Policy } from '../../core/policy.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { type TestRuntime, testRuntime } from '../../testing/index.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { circuitBreaker } from '../circuit-breaker/circuit-breaker.ts';
import { deadline } from '../deadline/deadline.ts';
import { retryBudget } from '../retry-budget/retry-budget.ts';
import { timeout } from '../timeout/timeout.ts';
import type { RetryNotice, RetryOptions } from './options.ts';
import { retry } from './retry.ts';

/** An answer, or as an error a failure, that says itself what it means. */
interface Judged {
  readonly judgement: Judgement;
}

class Failure extends Error implements Judged {
  readonly judgement: Judgement;

  constructor(verdict: Verdict, hints: Omit<Judgement, 'verdict'> = {}) {
    super(verdict);
    this.judgement = { verdict, ...hints };
  }
}

const answer = (verdict: Verdict, hints: Omit<Judgement, 'verdict'> = {}): Judged => ({
  judgement: { verdict, ...hints },
});

const discarded: unknown[] = [];

const judging = classify<unknown>(
  ({ ok, value, error }) => {
    const outcome = (ok ? value : error) as Partial<Judged> | undefined;
    return outcome?.judgement ?? (ok ? 'success' : 'transient');
  },
  (value) => discarded.push(value),
);

/** An operation that plays these outcomes, errors by throwing; the last one again and again. */
function play(...outcomes: unknown[]): { (): unknown; times: number } {
  const operation = (): unknown => {
    const outcome = outcomes[Math.min(operation.times++, outcomes.length - 1)];
    if (outcome instanceof Error) throw outcome;
    return outcome;
  };
  operation.times = 0;
  return operation;
}

const plain: RetryOptions = { backoff: { jitter: 'none' } };
const atOnce: RetryOptions = { backoff: { base: 0 } };
const safe: CallOptions = { idempotent: true };

function retrying(options: RetryOptions, rt: Runtime, ...inside: Policy[]) {
  return pipeline(judging, retry(options, rt), ...(inside as []));
}

/** Makes the call, lets an hour pass, and tells how it ended and when its attempts began. */
async function outcomeOf(
  options: RetryOptions,
  operation: () => unknown,
  call: CallOptions = safe,
  rt: TestRuntime = testRuntime(),
) {
  const result = retrying(options, rt).tryCall(operation, call);
  await rt.clock.advanceAsync(3_600_000);
  return result;
}

const waitsOf = ({ sink }: TestRuntime): number[] =>
  sink.of('retry.scheduled').map((event) => (event as unknown as RetryNotice).wait);

describe('what is tried again', () => {
  test.each<[Verdict, Omit<Judgement, 'verdict'>, CallOptions, number, string | null]>([
    ['success', {}, safe, 1, null],
    ['transient', {}, safe, 3, 'attempts'],
    ['transient', {}, { key: 'order 7' }, 3, 'attempts'],
    ['transient', { neverSent: true }, {}, 3, 'attempts'],
    ['transient', {}, {}, 1, 'unsafe'],
    ['transient', { retry: false }, safe, 1, 'pushback'],
    ['timeout', {}, safe, 3, 'attempts'],
    ['timeout', {}, {}, 1, 'unsafe'],
    ['overload', {}, {}, 3, 'attempts'],
    ['overload', { quota: true, retryAfter: 1000 }, {}, 3, 'attempts'],
    ['overload', { retry: false }, safe, 1, 'pushback'],
    ['overload', {}, { ...safe, repeatable: false }, 1, 'unsafe'],
    ['terminal', {}, safe, 1, 'terminal'],
    ['ignored', {}, safe, 1, 'rejected'],
  ])(
    '%s %j with options %j makes %i attempts and stops by %s',
    async (verdict, hints, call, times, stoppedBy) => {
      const operation = play(answer(verdict, hints));
      const result = await outcomeOf(plain, operation, call);
      expect([operation.times, result.stoppedBy, result.verdict]).toEqual([
        times,
        stoppedBy,
        verdict,
      ]);
    },
  );

  test('a call that never left its host is repeated until an attempt may have arrived', async () => {
    const operation = play(new Failure('transient', { neverSent: true }), new Failure('transient'));
    const { stoppedBy } = await outcomeOf({ ...plain, maxAttempts: 9 }, operation, {});
    expect([operation.times, stoppedBy]).toEqual([2, 'unsafe']);
  });

  test('each attempt has its number and the same key', async () => {
    const rt = testRuntime();
    const seen: unknown[] = [];
    const result = retrying(atOnce, rt).tryCall(
      ({ number, key }) => {
        seen.push([number, key]);
        throw new Error('no');
      },
      { key: 'order 7' },
    );
    await result;
    expect(seen).toEqual([
      [1, 'order 7'],
      [2, 'order 7'],
      [3, 'order 7'],
    ]);
  });

  test('there is one attempt with maxAttempts 1, and its error comes out as it was', async () => {
    const error = new Failure('transient');
    const result = await outcomeOf({ maxAttempts: 1 }, play(error));
    expect(result).toMatchObject({ ok: false, stoppedBy: 'attempts' });
    expect(result.error).toBe(error);
  });

  test('a policy further in that fails before any attempt is tried again no more often', async () => {
    const rt = testRuntime();
    let times = 0;
    const failing = custom(
      'no connection',
      () => {
        times++;
        throw new Failure('transient');
      },
      rt,
    );
    const result = await retrying(atOnce, rt, failing).tryCall(play('never'), safe);
    expect(result).toMatchObject({ ok: false, stoppedBy: 'attempts', attempts: [] });
    expect(times).toBe(3);
  });

  test('one retry inside another does not multiply the attempts', async () => {
    const rt = testRuntime();
    const operation = play(new Failure('transient'));
    await retrying(atOnce, rt, retry(atOnce, rt)).tryCall(operation, safe);
    expect(operation.times).toBe(3);
  });
});

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

  test.each([NaN, -1000])('a Retry-After of %s counts as none', async (retryAfter) => {
    const rt = testRuntime();
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

  test('no wait takes no timer, and 100 000 attempts no stack', async () => {
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
    const backoff = { kind: 'custom' as const, custom: faulty };
    const result = await outcomeOf({ backoff }, play(refused));
    expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
    expect(result.error).toBe(mistake);
    expect(discarded).toContain(refused);
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
  pipeline(judging, deadline(ms, rt), retry({ ...plain, maxAttempts: 9 }, rt));

describe('when it does not wait', () => {
  test('a wait that would outlive the deadline is not begun', async () => {
    const rt = testRuntime();
    const error = new Failure('transient');
    const result = await within(100, rt).tryCall(play(error), safe);
    expect(result).toMatchObject({ ok: false, stoppedBy: 'deadline' });
    expect(result.error).toBe(error);
    expect([rt.clock.now(), rt.clock.armed]).toEqual([0, 0]);
  });

  test('neither is one after which an attempt would not fit as long as attempts usually take', async () => {
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
    const rt = testRuntime();
    const controller = new AbortController();
    const operation = play(new Failure('transient'));
    const onRetry = (): void => controller.abort('enough');
    for (const options of [plain, atOnce]) {
      const calls = retrying({ ...options, onRetry }, rt);
      const result = await calls.tryCall(operation, { ...safe, signal: controller.signal });
      expect(result).toMatchObject({ error: 'enough', stoppedBy: 'abort' });
    }
    expect([operation.times, rt.clock.nextDue()]).toEqual([1, 0]);
  });

  test('the deadline ends a wait', async () => {
    const rt = testRuntime();
    const calls = pipeline(judging, deadline(150, rt), retry(plain, rt));
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

describe('what the caller gets', () => {
  test('the value of an attempt that succeeded', async () => {
    const operation = play(new Failure('transient'), answer('transient'), 'at last');
    const result = await outcomeOf(plain, operation);
    expect(result).toMatchObject({ ok: true, value: 'at last', stoppedBy: null });
  });

  test('the last answer, if the last attempt had one, while those before it are let go', async () => {
    const answers = [answer('transient'), answer('transient'), answer('transient')];
    discarded.length = 0;
    const result = await outcomeOf(plain, play(...answers));
    expect(result.value).toBe(answers[2]);
    expect(discarded).toEqual([answers[0], answers[1]]);
  });

  test('a terminal error by identity, whatever came before it', async () => {
    const error = new Failure('terminal');
    const result = await outcomeOf(plain, play(new Failure('transient'), error));
    expect(result).toMatchObject({ stoppedBy: 'terminal', verdict: 'terminal' });
    expect(result.error).toBe(error);
  });

  test('a network error as it was, if there was but one attempt', async () => {
    const error = new Failure('transient');
    const result = await outcomeOf(plain, play(error), {});
    expect(result.error).toBe(error);
  });

  test('else RetriesExhaustedError, with the last error as its cause and every attempt', async () => {
    const errors = [new Failure('transient'), new Failure('timeout'), new Failure('transient')];
    const { error } = await outcomeOf(plain, play(...errors));
    expect(error).toMatchObject({
      name: 'RetriesExhaustedError',
      message: 'failed, and was not tried again (attempts) (retry, 3 attempts, 300ms)',
      code: 'RETRIES_EXHAUSTED',
      stoppedBy: 'attempts',
      attempts: [
        { attempt: 1, verdict: 'transient', startedAfter: 0, duration: 0, error: errors[0] },
        { attempt: 2, verdict: 'timeout', startedAfter: 100, duration: 0, error: errors[1] },
        { attempt: 3, verdict: 'transient', startedAfter: 300, duration: 0, error: errors[2] },
      ],
    });
    expect((error as Error).cause).toBe(errors[2]);
  });

  test('and with the hint that made it give up', async () => {
    const busy = new Failure('overload', { retryAfter: 90_000 });
    const { error } = await outcomeOf(plain, play(new Failure('overload'), busy), {});
    expect(error).toMatchObject({ stoppedBy: 'pushback', retryAfter: 90_000 });
  });
});

describe('records', () => {
  test('say when each attempt began, how long it ran, and how it ended', async () => {
    const rt = testRuntime();
    const calls = retrying(plain, rt, timeout(1000, rt));
    let times = 0;
    const result = calls.tryCall(() => (++times === 1 ? new Promise(() => {}) : 'here'), safe);
    await rt.clock.advanceAsync(5000);
    const { attempts } = await result;
    expect(attempts).toMatchObject([
      { attempt: 1, verdict: 'timeout', startedAfter: 0, duration: 1000 },
      { attempt: 2, verdict: 'success', startedAfter: 1100, duration: 0 },
    ]);
    expect(attempts[0]!.error).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
    expect(attempts[1]).not.toHaveProperty('error');
  });

  test('of more than 100 attempts, the first and the last 99 are kept', async () => {
    const { attempts } = await outcomeOf({ ...atOnce, maxAttempts: 250 }, play(new Error('no')));
    const numbers = attempts.map(({ attempt }) => attempt);
    expect(numbers).toEqual([1, ...Array.from({ length: 99 }, (_, i) => 152 + i)]);
  });

  test('do not make up times where nobody has read the clock', async () => {
    const rt = { ...testRuntime(), sink: null };
    rt.clock.advance(7000);
    const result = retrying(plain, rt).tryCall(play(new Error('no'), 'yes'), safe);
    rt.clock.advance(100);
    const { attempts } = await result;
    expect(attempts.map(({ startedAfter }) => startedAfter)).toEqual([0, NaN]);
    expect(attempts.map(({ duration }) => duration)).toEqual([NaN, 0]);
  });
});

const fail = (): never => {
  throw new Error('a mistake of theirs');
};

describe('onRetry', () => {
  test('is told the attempt that failed, its verdict and error, and the wait', async () => {
    const notices: RetryNotice[] = [];
    const error = new Failure('transient');
    const onRetry = (notice: RetryNotice): void => void notices.push(notice);
    await outcomeOf({ ...plain, onRetry }, play(error, answer('overload'), 'fine'));
    expect(notices).toEqual([
      { attempt: 1, verdict: 'transient', wait: 100, error },
      { attempt: 2, verdict: 'overload', wait: 200, error: undefined },
    ]);
  });

  test('and what discards values may throw without harm', async () => {
    const rt = testRuntime();
    const calls = pipeline(
      classify<unknown>(({ value }) => (value === 'fine' ? 'success' : 'transient'), fail),
      retry({ ...atOnce, onRetry: fail }, rt),
    );
    await expect(calls.call(play('busy', 'fine'), safe)).resolves.toBe('fine');
  });

  test("runs in its caller's async context, even after a shared timer", async () => {
    const rt = testRuntime();
    const tenant = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const onRetry = (): void => void seen.push(tenant.getStore());
    const calls = retrying({ ...plain, maxAttempts: 2, onRetry }, rt, timeout(1000, rt));
    const hang = (): Promise<unknown> => {
      seen.push(tenant.getStore());
      return new Promise(() => {});
    };
    const results = ['a', 'b'].map((name) => tenant.run(name, () => calls.tryCall(hang, safe)));
    await tenant.run('clock', () => rt.clock.advanceAsync(5000));
    await Promise.all(results);
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
  });
});

describe('events', () => {
  test('tell of each wait, and of the end', async () => {
    const rt = testRuntime();
    await outcomeOf({ ...plain, maxAttempts: 2 }, play(new Failure('timeout')), safe, rt);
    expect(rt.sink.events.filter(({ type }) => type.startsWith('retry.'))).toEqual([
      { type: 'retry.scheduled', dependency: '', attempt: 1, verdict: 'timeout', wait: 100 },
      {
        type: 'retry.stopped',
        dependency: '',
        attempts: 2,
        verdict: 'timeout',
        stoppedBy: 'attempts',
      },
    ]);
  });
});

describe('options', () => {
  test.each<[unknown, string]>([
    [{ maxAttempts: 0 }, 'retry.maxAttempts must be a whole number from 1 to 1000000, got 0'],
    [{ maxAttempts: NaN }, 'retry.maxAttempts must be a whole number from 1 to 1000000, got NaN'],
    [{ backoff: { base: -1 } }, 'retry.backoff.base must be a duration of at least 0ms'],
    [{ backoff: { max: Infinity } }, 'retry.backoff.max must be a duration of at least 0ms'],
    [{ backoff: { factor: 0.5 } }, 'retry.backoff.factor must be a number from 1 to 100, got 0.5'],
    [{ backoff: { jitter: 'some' } }, "retry.backoff.jitter must be one of 'full'"],
    [
      { backoff: { kind: 'custom' } },
      "retry.backoff.custom must be a function when retry.backoff.kind is 'custom'",
    ],
    [{ maxAttempt: 3 }, "retry.maxAttempt is not an option; did you mean 'maxAttempts'?"],
    [{ onRetry: 'log' }, 'retry.onRetry must be a function, got "log"'],
  ])('%j is refused: %s', (options, message) => {
    expect(() => retry(options as RetryOptions)).toThrow(message);
  });

  test('are not changed, and serve any number of retries', () => {
    const options = Object.freeze({ backoff: Object.freeze({ base: '10ms' as const }) });
    expect(() => [retry(options), retry(options)]).not.toThrow();
  });
});
