import { describe, expect, test } from 'vitest';
import { custom } from '../../core/custom.ts';
import type { CallOptions } from '../../core/operation.ts';
import type { Judgement, Verdict } from '../../core/outcome.ts';
import { pipeline } from '../../core/pipeline.ts';
import { testRuntime } from '../../testing/index.ts';
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
} from '../../../test/retries.ts';

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

describe('what the caller gets', () => {
  test('the value of an attempt that succeeded', async () => {
    const operation = play(new Failure('transient'), answer('transient'), 'at last');
    const result = await outcomeOf(plain, operation);
    expect(result).toMatchObject({ ok: true, value: 'at last', stoppedBy: null });
  });

  test('the last answer, if the last attempt had one, while those before it are let go', async () => {
    const answers = [answer('transient'), answer('transient'), answer('transient')];
    const discarded: unknown[] = [];
    const calls = pipeline(
      judging((value) => discarded.push(value)),
      retry(atOnce, testRuntime()),
    );
    const result = await calls.tryCall(play(...answers), safe);
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

  test('and RetriesExhaustedError has the hint that made the retry give up', async () => {
    const busy = new Failure('overload', { retryAfter: 90_000 });
    const { error } = await outcomeOf(plain, play(new Failure('overload'), busy), {});
    expect(error).toMatchObject({ stoppedBy: 'pushback', retryAfter: 90_000 });
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
