import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import { type Attempt, pending } from './operation.ts';

const tenant = new AsyncLocalStorage<string>();
const down = () => Promise.reject(new Error('down'));
const SAFE = { idempotent: true };

function house() {
  const runtime = testRuntime();
  const made = withRuntime(runtime);
  const transient = made.classify((outcome) => (outcome.ok ? 'success' : 'transient'));
  /** Where each piece of user code found itself: `what: whose store`. */
  const seen: string[] = [];
  const note = (what: string) => seen.push(`${what}: ${tenant.getStore() ?? 'nobody'}`);
  return { ...made, clock: runtime.clock, transient, seen, note };
}

/** Twice the same for two tenants at once; time passes in nobody's context. */
async function forTwo(clock: { advanceAsync(ms: number): Promise<void> }, run: () => unknown) {
  const both = ['a', 'b'].map((name) => tenant.run(name, async () => run()));
  await tenant.run('the timer', () => clock.advanceAsync(10_000));
  await Promise.all(both);
}

describe('in the async context of its own caller, there runs', () => {
  test('an operation that waited in a queue', async () => {
    const { pipeline, bulkhead, seen, note } = house();
    const one = pipeline(bulkhead({ maxConcurrent: 1 }));
    const calls = ['a', 'b', 'c'].map((name) =>
      tenant.run(name, () =>
        one.call(async () => {
          note('operation');
          await Promise.resolve();
        }),
      ),
    );
    await Promise.all(calls);
    expect(seen).toEqual(['operation: a', 'operation: b', 'operation: c']);
  });

  test('an attempt after a backoff, and onRetry', async () => {
    const { pipeline, retry, transient, clock, seen, note } = house();
    const again = pipeline(transient, retry({ onRetry: () => note('onRetry') }));
    await forTwo(clock, () =>
      again.tryCall(() => {
        note('operation');
        return down();
      }, SAFE),
    );
    for (const name of ['a', 'b']) {
      expect(seen.filter((what) => what === `operation: ${name}`)).toHaveLength(3);
      expect(seen.filter((what) => what === `onRetry: ${name}`)).toHaveLength(2);
    }
    expect(seen).toHaveLength(10);
  });

  test('an attempt, onRetry, the classifier and abort listeners after a timeout', async () => {
    const { pipeline, classify, retry, timeout, clock, seen, note } = house();
    const limited = pipeline(
      classify((outcome) => {
        note('classifier');
        return outcome.ok ? 'success' : 'transient';
      }),
      retry({ backoff: { base: 0 }, onRetry: () => note('onRetry') }),
      timeout(100),
    );
    await forTwo(clock, () =>
      limited.tryCall((attempt) => {
        note('operation');
        attempt.signal.addEventListener('abort', () => note('listener'));
        if (attempt.number === 3) return down();
        return pending;
      }, SAFE),
    );
    for (const name of ['a', 'b']) {
      expect(seen.filter((what) => what.endsWith(`: ${name}`)).toSorted()).toEqual([
        `classifier: ${name}`,
        ...new Array<string>(2).fill(`listener: ${name}`),
        ...new Array<string>(2).fill(`onRetry: ${name}`),
        ...new Array<string>(3).fill(`operation: ${name}`),
      ]);
    }
    expect(seen).toHaveLength(16);
  });

  test('a fallback after a deadline, and the listeners of its signal', async () => {
    const { pipeline, fallback, deadline, clock, seen, note } = house();
    const protectedBy = pipeline(
      fallback({
        run: ({ signal }) => {
          note('fallback');
          signal.addEventListener('abort', () => note('listener'));
          return new Promise(() => {});
        },
      }),
      deadline(100),
    );
    await forTwo(clock, () => protectedBy.tryCall(() => pending));
    expect(seen.toSorted()).toEqual(['fallback: a', 'fallback: b', 'listener: a', 'listener: b']);
  });

  test('a policy of one’s own and what it does after a timeout', async () => {
    const { pipeline, custom, timeout, clock, seen, note } = house();
    const own = custom('twice', async (next) => {
      note('policy');
      await next().catch(() => {});
      note('policy again');
      return next();
    });
    await forTwo(clock, () =>
      pipeline(own, timeout(100)).tryCall(() => {
        note('operation');
        return pending;
      }),
    );
    const expected = ['operation', 'operation', 'policy', 'policy again'];
    expect(seen.toSorted()).toEqual(
      ['a', 'b'].flatMap((name) => expected.map((what) => `${what}: ${name}`)).toSorted(),
    );
  });

  test('the callback of a call that a timer ends', async () => {
    const { pipeline, timeout, clock, seen, note } = house();
    await forTwo(clock, () =>
      pipeline(timeout(100)).start(
        () => pending,
        () => note('done'),
      ),
    );
    expect(seen.toSorted()).toEqual(['done: a', 'done: b']);
  });

  test('the callback of a call whose promise a timer cuts', async () => {
    const { pipeline, timeout, clock, seen, note } = house();
    await forTwo(clock, () =>
      pipeline(timeout(100)).start(
        () => new Promise(() => {}),
        () => note('done'),
      ),
    );
    expect(seen.toSorted()).toEqual(['done: a', 'done: b']);
  });

  test('the callback of a call that another call’s end lets go on', () => {
    const { pipeline, bulkhead, seen, note } = house();
    const one = pipeline(bulkhead({ maxConcurrent: 1 }));
    let free!: () => void;
    const hold = (attempt: Attempt) => {
      free = () => attempt.succeed(1);
      return pending;
    };
    tenant.run('a', () => one.start(hold, () => note('done')));
    tenant.run('b', () =>
      one.start(
        () => note('operation'),
        () => note('done'),
      ),
    );
    tenant.run('somebody else', free);
    expect(seen).toEqual(['operation: b', 'done: a', 'done: b']);
  });

  test('what follows an abort', async () => {
    const { pipeline, bulkhead, timeout, seen, note } = house();
    const abort = new AbortController();
    const limited = pipeline(bulkhead(), timeout(100));
    const calls = ['a', 'b'].map((name) =>
      tenant.run(name, () =>
        limited.tryCall(
          ({ signal }) => {
            signal.addEventListener('abort', () => note('listener'));
            return pending;
          },
          { signal: abort.signal },
        ),
      ),
    );
    tenant.run('the aborter', () => abort.abort());
    await Promise.all(calls);
    expect(seen.toSorted()).toEqual(['listener: a', 'listener: b']);
  });

  test('what follows an attempt that somebody else’s callback settled', async () => {
    const { pipeline, retry, classify, clock, seen, note } = house();
    // A connection that many share: it calls back in the context of whoever reads from it.
    const connection = new EventEmitter();
    const again = pipeline(
      classify((outcome) => {
        note('classifier');
        return outcome.ok ? 'success' : 'transient';
      }),
      retry({ backoff: { base: 0 }, onRetry: () => note('onRetry') }),
    );
    const call = tenant.run('a', () =>
      again.tryCall((attempt) => {
        note('operation');
        if (attempt.number === 2) return 'done';
        connection.once('error', (error) => attempt.fail(error));
        return pending;
      }, SAFE),
    );
    tenant.run('the connection', () => connection.emit('error', new Error('reset')));
    clock.advance(0);
    expect((await call).ok).toBe(true);
    expect(seen).toEqual([
      'operation: a',
      'classifier: a',
      'onRetry: a',
      'operation: a',
      'classifier: a',
    ]);
  });

  test('what follows a success that somebody else’s callback brought', () => {
    const { pipeline, classify, seen, note } = house();
    const connection = new EventEmitter();
    const judged = pipeline(
      classify(() => {
        note('classifier');
        return 'success';
      }),
    );
    tenant.run('a', () =>
      judged.start(
        (attempt) => {
          connection.once('data', (data) => attempt.succeed(data));
          return pending;
        },
        () => note('done'),
      ),
    );
    tenant.run('the connection', () => connection.emit('data', 'row'));
    expect(seen).toEqual(['classifier: a', 'done: a']);
  });

  test('what follows an attempt that somebody else’s thenable settled', async () => {
    const { pipeline, retry, transient, seen, note } = house();
    let reject!: (error: Error) => void;
    const again = pipeline(transient, retry({ backoff: { base: 0 } }));
    const call = tenant.run('a', () =>
      again.tryCall(({ number }) => {
        note('operation');
        if (number === 2) return 'done';
        // oxlint-disable-next-line unicorn/no-thenable -- the subject
        return { then: (_: unknown, fail: (error: Error) => void) => (reject = fail) } as unknown;
      }, SAFE),
    );
    await Promise.resolve(); // its `then` has been called
    tenant.run('somebody else', () => reject(new Error('reset')));
    expect((await call).ok).toBe(true);
    expect(seen).toEqual(['operation: a', 'operation: a']);
  });

  test('a further attempt, although the first read its signal inside a span of its own', async () => {
    const { pipeline, retry, transient, clock, seen, note } = house();
    const again = pipeline(transient, retry({ maxAttempts: 2 }));
    const call = tenant.run('a', () =>
      again.tryCall((attempt) => {
        note('operation');
        return tenant.run(`span ${attempt.number}`, () => {
          attempt.signal.addEventListener('abort', () => note('listener'));
          return down();
        });
      }, SAFE),
    );
    await clock.advanceAsync(1000);
    await call;
    expect(seen).toEqual(['operation: a', 'operation: a']);
  });

  test('the listener of a signal, in the span in which it was read', async () => {
    const { pipeline, timeout, clock, seen, note } = house();
    const call = tenant.run('a', () =>
      pipeline(timeout(100)).tryCall((attempt) =>
        tenant.run('span', () => {
          attempt.signal.addEventListener('abort', () => note('listener'));
          return pending;
        }),
      ),
    );
    tenant.run('the timer', () => clock.advance(100));
    await call;
    expect(seen).toEqual(['listener: span']);
  });
});
