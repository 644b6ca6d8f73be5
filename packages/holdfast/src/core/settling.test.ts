/* oxlint-disable unicorn/no-thenable -- thenables are one of the subjects */
import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import { isHoldfastError } from './errors.ts';
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

function thrower(what: unknown) {
  return () => {
    throw what;
  };
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

  test('may throw a proxy that was revoked, and keeps nobody else waiting', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const own = testRuntime();
    const kit = withRuntime(own);
    const one = kit.pipeline(failureIsTransient, kit.bulkhead({ maxConcurrent: 1 }));
    for (const fail of [thrower(proxy), () => Promise.reject(proxy)]) {
      expect((await one.tryCall(fail)).error === proxy).toBe(true);
      expect(await one.call(fail).catch((error) => error === proxy)).toBe(true);
    }
    expect(isHoldfastError(proxy)).toBe(false);
    const next = new Promise((resolve) => one.start(async () => 'next', resolve));
    expect(await next).toMatchObject({ ok: true, value: 'next' });
  });

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

  test('after it has failed by a callback is over, and nobody follows its promise', async () => {
    const result = await outcomeOf(async (attempt) => {
      attempt.fail('by callback');
      throw new Error('by promise');
    });
    expect(result).toMatchObject({ ok: false, error: 'by callback' });
  });
});

describe('a promise that cannot be followed', () => {
  class Made extends Promise<unknown> {
    constructor() {
      super(() => {});
    }
  }
  const unreadable = Object.defineProperty(Promise.resolve(), 'then', {
    get: () => {
      throw new Error('in the getter');
    },
  });

  test.each([
    ['whose `then` cannot be read', unreadable, 'in the getter'],
    ['whose class is made in another way', new (Made as new () => unknown)(), 'is not callable'],
  ])('%s, has failed, and keeps nobody else waiting', async (_which, promise, message) => {
    expect(String((await outcomeOf(() => promise)).error)).toContain(message);
    const one = pipeline(bulkhead({ maxConcurrent: 1 }));
    await one.tryCall(() => promise);
    expect(await Promise.all([1, 2].map((n) => one.call(async () => n)))).toEqual([1, 2]);
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

  test('and settles a second time changes nothing, which is told as an event', async () => {
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
