/* oxlint-disable unicorn/no-thenable -- thenables are one of the subjects */
import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import type { Attempt } from './operation.ts';
import { pending } from './operation.ts';

const runtime = testRuntime();
const { bulkhead, classify, pipeline, retry, timeout } = withRuntime(runtime);
const failureIsTransient = classify((outcome) => (outcome.ok ? 'success' : 'transient'));
const SAFE = { idempotent: true };

/** Something to await that is no promise. */
function thenable(then: (resolve: (v: unknown) => void, reject: (e: unknown) => void) => void) {
  return { then } as PromiseLike<unknown>;
}

async function outcomeOf(operation: (attempt: Attempt) => unknown) {
  const plain = await pipeline(timeout(100)).tryCall(operation);
  const chained = await pipeline(bulkhead()).tryCall(operation);
  expect({ ...chained, attempts: [] }).toEqual({ ...plain, attempts: [] });
  return plain;
}

describe('an operation', () => {
  test('may answer a value, without any promise', async () => {
    expect(await outcomeOf(() => 'now')).toMatchObject({ ok: true, value: 'now' });
  });

  test('that answers undefined has succeeded', async () => {
    expect(await outcomeOf(() => undefined)).toMatchObject({ ok: true, value: undefined });
  });

  test('that throws has failed with what it threw', async () => {
    const thrown = new Error('at once');
    const result = await outcomeOf(() => {
      throw thrown;
    });
    expect(result.error).toBe(thrown);
    expect(result.verdict).toBe('transient');
  });

  test.each([['a string'], [undefined], [null], [0], [Symbol('odd')]])(
    'may be rejected with what is no error: %s',
    async (reason) => {
      const asynchronous = await outcomeOf(() => Promise.reject(reason));
      expect(asynchronous).toMatchObject({ ok: false, error: reason });
      const synchronous = await outcomeOf(() => {
        throw reason;
      });
      expect(synchronous).toMatchObject({ ok: false, error: reason });
      await expect(pipeline(timeout(100)).call(() => Promise.reject(reason))).rejects.toBe(reason);
    },
  );

  test('that is no function is a mistake of the caller, and not tried again', async () => {
    const again = pipeline(failureIsTransient, retry({ backoff: { base: 0 } }));
    const result = await again.tryCall('op' as never, SAFE);
    expect(result.error).toBeInstanceOf(TypeError);
    expect(result.attempts).toEqual([]);
    await expect(again.call(undefined as never)).rejects.toThrow(TypeError);
  });
});

describe('an operation that returns a promise', () => {
  test('settles by that promise, and not by a callback as well', async () => {
    runtime.sink.clear();
    const result = await outcomeOf(async (attempt) => {
      await Promise.resolve();
      attempt.succeed('by callback');
      return 'by promise';
    });
    expect(result).toMatchObject({ ok: true, value: 'by promise' });
    expect(runtime.sink.of('attempt.settled-twice')).toHaveLength(2); // of both pipelines
  });

  test('but has failed by a callback before is over, and its promise is nobody’s', async () => {
    const result = await outcomeOf(async (attempt) => {
      attempt.fail('by callback');
      throw new Error('by promise');
    });
    expect(result).toMatchObject({ ok: false, error: 'by callback' });
  });
});

describe('a thenable', () => {
  test('is awaited', async () => {
    const result = await outcomeOf(() => thenable((resolve) => setImmediate(resolve, 'later')));
    expect(result).toMatchObject({ ok: true, value: 'later' });
  });

  test('may call back at once', async () => {
    expect(await outcomeOf(() => thenable((resolve) => resolve('soon')))).toMatchObject({
      value: 'soon',
    });
    expect(await outcomeOf(() => thenable((_, reject) => reject('soon')))).toMatchObject({
      ok: false,
      error: 'soon',
    });
  });

  test('may be a function', async () => {
    const callable = Object.assign(() => {}, {
      then: (resolve: (value: unknown) => void) => resolve('called'),
    });
    expect(await outcomeOf(() => callable)).toMatchObject({ value: 'called' });
  });

  test('that calls back twice has settled the first time', async () => {
    const result = await outcomeOf(() =>
      thenable((resolve, reject) => {
        resolve('first');
        reject('second');
      }),
    );
    expect(result).toMatchObject({ ok: true, value: 'first' });
  });

  test('that answers with another thenable is followed to its end', async () => {
    const inner = thenable((resolve) => resolve('the value'));
    expect(await outcomeOf(() => thenable((resolve) => resolve(inner)))).toMatchObject({
      ok: true,
      value: 'the value',
    });
  });

  test('that throws after it has called back has settled', async () => {
    const result = await outcomeOf(() =>
      thenable((resolve) => {
        resolve('first');
        throw new Error('late');
      }),
    );
    expect(result).toMatchObject({ ok: true, value: 'first' });
  });

  test('that throws has failed', async () => {
    const result = await outcomeOf(() =>
      thenable(() => {
        throw new Error('in then');
      }),
    );
    expect(result.error).toEqual(new Error('in then'));
  });

  test('whose `then` cannot be read has failed', async () => {
    const result = await outcomeOf(
      () =>
        ({
          get then() {
            throw new Error('in the getter');
          },
        }) as unknown,
    );
    expect(result.error).toEqual(new Error('in the getter'));
  });
});

describe('an operation that settles by callback', () => {
  test('may do so at once', async () => {
    expect(
      await outcomeOf((attempt) => {
        attempt.succeed('done');
        return pending;
      }),
    ).toMatchObject({ ok: true, value: 'done' });
    expect(
      await outcomeOf((attempt) => {
        attempt.fail('broken');
        return pending;
      }),
    ).toMatchObject({ ok: false, error: 'broken' });
  });

  test('may do so later', async () => {
    expect(
      await outcomeOf((attempt) => {
        setImmediate(() => attempt.succeed('done'));
        return pending;
      }),
    ).toMatchObject({ ok: true, value: 'done' });
    expect(
      await outcomeOf((attempt) => {
        setImmediate(() => attempt.fail('broken'));
        return pending;
      }),
    ).toMatchObject({ ok: false, error: 'broken' });
  });

  test('and settles again is told of, and not heeded', async () => {
    runtime.sink.clear();
    const result = await pipeline(timeout(100)).tryCall((attempt) => {
      attempt.succeed('first');
      attempt.fail('second');
      attempt.succeed('third');
      return pending;
    });
    expect(result).toMatchObject({ ok: true, value: 'first' });
    expect(runtime.sink.of('attempt.settled-twice')).toMatchObject([
      { attempt: 1 },
      { attempt: 1 },
    ]);
    expect(runtime.sink.of('call.settled')).toHaveLength(1);
  });

  test('and then returns a value has settled already', async () => {
    expect(
      await outcomeOf((attempt) => {
        attempt.succeed('called');
        return 'returned';
      }),
    ).toMatchObject({ value: 'called' });
  });

  test('of an attempt that has failed cannot settle the next one', async () => {
    const attempts: Attempt[] = [];
    const call = pipeline(failureIsTransient, retry({ backoff: { base: 0 } })).tryCall(
      (attempt) => {
        attempts.push(attempt);
        return pending;
      },
      SAFE,
    );
    attempts[0]!.fail('broken');
    attempts[0]!.succeed('too late');
    expect(attempts).toHaveLength(2);
    attempts[1]!.succeed('second');
    expect(await call).toMatchObject({ value: 'second' });
  });
});

describe('an operation that was abandoned', () => {
  test('is not waited for, and what it answers late is handed to discard', async () => {
    const discarded: unknown[] = [];
    const own = testRuntime();
    const { pipeline: compose, timeout: limit } = withRuntime(own);
    const drops = classify(
      () => 'success',
      (value) => discarded.push(value),
    );
    let attempt!: Attempt;
    const call = compose(drops, limit(100)).tryCall((given) => {
      attempt = given;
      return pending;
    });
    own.clock.advance(100);
    expect(await call).toMatchObject({ ok: false, verdict: 'timeout' });
    attempt.succeed('late');
    attempt.succeed('later still');
    expect(discarded).toEqual(['late']);
    expect(own.sink.of('call.settled')).toHaveLength(1);
  });

  test('and fails late is dropped in silence', async () => {
    const own = testRuntime();
    let attempt!: Attempt;
    const call = pipeline(withRuntime(own).timeout(100)).tryCall((given) => {
      attempt = given;
      return pending;
    });
    own.clock.advance(100);
    await call;
    own.sink.clear();
    attempt.fail('late');
    expect(own.sink.events).toEqual([]);
  });

  test('has a signal that aborted with the reason, however late it is read', async () => {
    const own = testRuntime();
    let attempt!: Attempt;
    const call = pipeline(withRuntime(own).timeout(100)).tryCall((given) => {
      attempt = given;
      return pending;
    });
    own.clock.advance(100);
    const { error } = await call;
    expect(attempt.signal.aborted).toBe(true);
    expect(attempt.signal.reason).toBe(error);
  });
});

describe('an attempt', () => {
  test('has a signal that stays quiet once it has settled', async () => {
    const signals: AbortSignal[] = [];
    const own = testRuntime();
    const { pipeline: compose, timeout: limit, deadline } = withRuntime(own);
    await compose(deadline(200), limit(100)).call(({ signal }) => signals.push(signal));
    own.clock.advance(1000);
    expect(signals[0]!.aborted).toBe(false);
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
});

describe('a classifier', () => {
  test.each([[undefined], [null], ['sucess'], [{}], [{ verdict: 'bad' }], [7]])(
    'that answers %j instead of a verdict ends the call with a TypeError',
    async (answer) => {
      const wrong = classify(() => answer as never);
      const result = await pipeline(wrong, retry({ backoff: { base: 0 } })).tryCall(() => 1, SAFE);
      expect(result).toMatchObject({ ok: false, verdict: 'terminal', stoppedBy: 'terminal' });
      expect(String(result.error)).toMatch(/TypeError: classify must answer a verdict/);
      expect(result.attempts).toHaveLength(1);
    },
  );

  test('that throws ends the call with what it threw', async () => {
    const thrown = new Error('in the classifier');
    const broken = classify(() => {
      throw thrown;
    });
    const result = await pipeline(broken, retry()).tryCall(() => 1, SAFE);
    expect(result.error).toBe(thrown);
    expect(result.verdict).toBe('terminal');
  });
});

describe('records of attempts', () => {
  test('are the first and the last 99', async () => {
    const many = pipeline(
      failureIsTransient,
      retry({ maxAttempts: 250, backoff: { base: 0 } }, runtime),
    );
    const promise = many.tryCall(() => {
      throw new Error('no');
    }, SAFE);
    runtime.clock.advance(0);
    runtime.clock.advance(0);
    const { attempts } = await promise;
    expect(attempts).toHaveLength(100);
    expect(attempts[0]!.attempt).toBe(1);
    expect(attempts[1]!.attempt).toBe(152);
    expect(attempts.at(-1)!.attempt).toBe(250);
  });
});

describe('what a caller says of one call', () => {
  test.each([
    [null, /options must be an object, got null/],
    [5, /options must be an object, got 5/],
    [{ signal: null }, /options.signal must be an AbortSignal/],
    [{ signal: {} }, /options.signal must be an AbortSignal/],
    [{ parent: {} }, /options.parent must be the attempt/],
    [{ key: '' }, /options.key must be a non-empty string/],
    [{ key: 5 }, /options.key must be a non-empty string/],
    [{ criticality: 'high' }, /options.criticality must be one of critical_plus/],
    [{ deadline: -1 }, /options.deadline must be a duration/],
    [{ deadline: NaN }, /options.deadline must be a duration/],
    [{ deadline: 100 }, /needs a deadline policy/],
  ])('is checked: %j', async (options, message) => {
    let ran = 0;
    const result = await pipeline(timeout(100)).tryCall(() => ran++, options as never);
    expect(String(result.error)).toMatch(message);
    expect(result.stoppedBy).toBe('rejected');
    await expect(pipeline(timeout(100)).call(() => ran++, options as never)).rejects.toThrow(
      message,
    );
    expect(ran).toBe(0);
  });

  test('is checked for misspelt names where diagnostics are on', async () => {
    const helpful = { ...runtime, diagnostics: true };
    const result = await pipeline(timeout(100, helpful)).tryCall(() => 1, {
      idempotnet: true,
    } as never);
    expect(String(result.error)).toMatch(/options.idempotnet is not an option; .*'idempotent'/);
  });
});
