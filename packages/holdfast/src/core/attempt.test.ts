import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import { settleAttempt } from './attempt.ts';
import { type Attempt, pending } from './operation.ts';

describe('an attempt', () => {
  test('has a signal that stays quiet once it has settled', async () => {
    const signals: AbortSignal[] = [];
    const own = testRuntime();
    const { pipeline: compose, timeout: limit, deadline } = withRuntime(own);
    await compose(deadline(200), limit(100)).call(({ signal }) => signals.push(signal));
    own.clock.advance(1000);
    expect(signals[0]!.aborted).toBe(false);
  });

  test('may be taken apart: what it can do works without it', async () => {
    const own = testRuntime();
    const { pipeline: compose, deadline } = withRuntime(own);
    const limited = compose(deadline(200));
    expect(await limited.call(({ remaining }) => remaining())).toBe(200);
    const answered = limited.call<number>(({ succeed }) => {
      setImmediate(succeed, 7);
      return pending;
    });
    expect(await answered).toBe(7);
    const failed = limited.call(({ fail }) => {
      setImmediate(fail, new Error('down'));
      return pending;
    });
    await expect(failed).rejects.toThrow('down');
  });

  test('is settled from outside as by its own functions', async () => {
    const { pipeline: compose } = withRuntime(testRuntime());
    const settled = (ok: boolean, outcome: unknown) =>
      compose().call<unknown>((attempt) => {
        setImmediate(settleAttempt, attempt, ok, outcome);
        return pending;
      });
    expect(await settled(true, 7)).toBe(7);
    await expect(settled(false, new Error('down'))).rejects.toThrow('down');
  });

  test('is told its number, its key, its criticality and the time left', async () => {
    const own = testRuntime();
    const { pipeline: compose, deadline } = withRuntime(own);
    const read = (attempt: Attempt) => {
      own.clock.advance(50);
      const { number, key, criticality, deadline: at } = attempt;
      return { number, key, criticality, at, remaining: attempt.remaining() };
    };
    const limited = compose(deadline(200));
    expect(await limited.call(read, { key: 'k', criticality: 'sheddable' })).toEqual({
      number: 1,
      key: 'k',
      criticality: 'sheddable',
      at: 200,
      remaining: 150,
    });
    expect(await compose().call(read)).toEqual({
      number: 1,
      key: undefined,
      criticality: 'critical',
      at: Infinity,
      remaining: Infinity,
    });
  });

  test('has no more time left than its own timeout, whatever is left of the call', async () => {
    const own = testRuntime();
    const { pipeline: compose, deadline, classify, retry, timeout: limit } = withRuntime(own);
    const attempts: Attempt[] = [];
    const left = (): number[] => attempts.map((attempt) => attempt.remaining());
    const again = retry({ maxAttempts: 2, backoff: { kind: 'constant', base: 0 } });
    const calls = compose(
      deadline(150),
      classify(({ ok }) => (ok ? 'success' : 'transient')),
      again,
      limit(100),
    );
    const ended = calls.tryCall(
      (attempt) => {
        attempts.push(attempt);
        return new Promise(() => {});
      },
      { idempotent: true },
    );
    expect(left()).toEqual([100]);
    own.clock.advance(30);
    expect(left()).toEqual([70]);
    own.clock.advance(70);
    // The deadline leaves the second one half of its time.
    expect(left()).toEqual([0, 50]);
    own.clock.advance(50);
    await ended;
    expect(left()).toEqual([0, 0]);
  });

  test('has the time of its own timeout where there is no deadline, on the straight way too', async () => {
    const own = testRuntime();
    const { pipeline: compose, timeout: limit } = withRuntime(own);
    const calls = compose(limit(100));
    const read = async (attempt: Attempt) => {
      own.clock.advance(30);
      return attempt.remaining();
    };
    expect(await calls.call(read)).toBe(70);
    expect((await calls.tryCall((attempt) => attempt.remaining())).value).toBe(100);
  });
});
