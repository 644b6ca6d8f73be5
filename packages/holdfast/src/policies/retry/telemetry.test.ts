import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { classify } from '../../core/classify.ts';
import { pipeline } from '../../core/pipeline.ts';
import { testRuntime } from '../../testing/index.ts';
import { timeout } from '../timeout/timeout.ts';
import type { RetryNotice } from './options.ts';
import { retry } from './retry.ts';
import {
  answer,
  atOnce,
  Failure,
  outcomeOf,
  plain,
  play,
  retrying,
  safe,
} from '../../../test/retries.ts';

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
