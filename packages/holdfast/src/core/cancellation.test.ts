import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { type TestRuntime, testRuntime } from '../testing/index.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';
import { type Attempt, type CallOptions, pending } from './operation.ts';

const REASON = { because: 'the caller has gone' };
const never = () => pending;

/** The whole pipeline with an ear on its events, on a clock of its own. */
function house(onEvent: (event: RuntimeEvent) => void = () => {}, options: object = {}) {
  const base = testRuntime();
  const runtime: TestRuntime = {
    ...base,
    sink: Object.assign((event: RuntimeEvent) => {
      base.sink(event);
      onEvent(event);
    }, base.sink),
  };
  const made = withRuntime(runtime);
  const slots = made.bulkhead({ maxConcurrent: 2, maxQueue: 10_000 });
  const protectedBy = made.pipeline(
    made.classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    made.deadline('1h'),
    made.retry({ maxAttempts: 10, backoff: { base: 100, jitter: 'none' }, ...options }),
    slots,
    made.circuitBreaker({ minimumCalls: 1000 }),
    made.timeout(1000),
  );
  const abort = new AbortController();
  const asked: CallOptions = { signal: abort.signal, idempotent: true };
  /** All came back: slots, timers; and in the next turn the listener too. */
  const isClean = () => {
    expect({ inFlight: slots.inFlight, queued: slots.queued }).toEqual({ inFlight: 0, queued: 0 });
    runtime.clock.advance(0);
    expect(runtime.clock.armed).toBe(0);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  };
  return { ...made, runtime, slots, protectedBy, abort, asked, isClean };
}

describe('an abort', () => {
  test('before the call starts keeps the operation from running', async () => {
    const { protectedBy, abort, asked, isClean } = house();
    abort.abort(REASON);
    let ran = 0;
    const result = await protectedBy.tryCall(() => ran++, asked);
    expect(result).toMatchObject({ ok: false, stoppedBy: 'abort', attempts: [] });
    expect(result.error).toBe(REASON);
    expect(ran).toBe(0);
    await expect(protectedBy.call(() => ran++, asked)).rejects.toBe(REASON);
    isClean();
  });

  test('while the operation runs ends the call with the reason, and aborts the attempt', async () => {
    const { protectedBy, abort, asked, isClean } = house();
    let attempt!: Attempt;
    const call = protectedBy.tryCall((given) => {
      attempt = given;
      return pending;
    }, asked);
    abort.abort(REASON);
    const result = await call;
    expect(result.error).toBe(REASON);
    expect(result).toMatchObject({ verdict: 'ignored', stoppedBy: 'abort' });
    expect(attempt.signal.reason).toBe(REASON);
    isClean();
  });

  test('may have undefined or null for a reason that is not given', async () => {
    const { protectedBy, abort, asked } = house();
    const call = protectedBy.tryCall(never, asked);
    abort.abort();
    expect((await call).error).toBe(abort.signal.reason);
  });

  test('while queued leaves the queue at once', async () => {
    const { protectedBy, slots, abort, asked, isClean } = house();
    let free!: () => void;
    const operation = (attempt: Attempt) => {
      free = () => attempt.succeed('done');
      return pending;
    };
    void protectedBy.tryCall(never, { signal: abort.signal });
    const running = protectedBy.tryCall(operation);
    const queued = protectedBy.tryCall(() => expect.unreachable(), asked);
    expect(slots).toMatchObject({ inFlight: 2, queued: 1 });
    abort.abort(REASON);
    expect((await queued).error).toBe(REASON);
    expect(slots).toMatchObject({ inFlight: 1, queued: 0 });
    free();
    expect((await running).ok).toBe(true);
    isClean();
  });

  test('in backoff ends the wait at once', async () => {
    const { protectedBy, runtime, abort, asked, isClean } = house();
    let attempts = 0;
    const call = protectedBy.tryCall(() => {
      attempts++;
      throw new Error('down');
    }, asked);
    runtime.clock.advance(50);
    expect(runtime.clock.armed).toBe(2); // the deadline and the wait
    abort.abort(REASON);
    expect((await call).error).toBe(REASON);
    isClean();
    runtime.clock.advance(100_000);
    expect(attempts).toBe(1);
  });

  test('while a fallback runs ends it, and its answer is not taken', async () => {
    const { pipeline, classify, fallback, abort, asked, isClean } = house();
    let signal!: AbortSignal;
    let answer!: (value: string) => void;
    const call = pipeline(
      fallback({
        run: (reason) => {
          signal = reason.signal;
          return new Promise<string>((resolve) => (answer = resolve));
        },
      }),
      classify(() => 'transient'),
    ).tryCall(() => 1, asked);
    await Promise.resolve();
    abort.abort(REASON);
    expect(signal.aborted).toBe(true);
    expect((await call).error).toBe(REASON);
    answer('too late');
    isClean();
  });

  test('keeps a fallback from running', async () => {
    const { pipeline, fallback, timeout, abort, asked } = house();
    const call = pipeline(fallback({ value: 'instead' }), timeout(1000)).tryCall(never, asked);
    abort.abort(REASON);
    expect(await call).toMatchObject({ ok: false, error: REASON, fellBack: false });
  });

  test('inside the operation, which then goes on, ends the call', async () => {
    const { protectedBy, abort, asked, isClean } = house();
    const waits = protectedBy.tryCall(() => {
      abort.abort(REASON);
      return new Promise(() => {});
    }, asked);
    expect((await waits).error).toBe(REASON);
    isClean();
  });

  test('inside the operation, which then fails, keeps it from being tried again', async () => {
    const { protectedBy, abort, asked, isClean } = house();
    let attempts = 0;
    const fails = protectedBy.tryCall(() => {
      attempts++;
      abort.abort(REASON);
      throw new Error('down');
    }, asked);
    expect((await fails).error).toBe(REASON);
    expect(attempts).toBe(1);
    isClean();
  });

  test('inside the operation, which then succeeds, comes too late', async () => {
    const { protectedBy, abort, asked, isClean } = house();
    const succeeds = protectedBy.tryCall(() => {
      abort.abort(REASON);
      return 'done';
    }, asked);
    expect(await succeeds).toMatchObject({ ok: true, value: 'done' });
    isClean();
  });

  test('in onRetry ends the call', async () => {
    const gone = new AbortController();
    const { protectedBy, isClean } = house(undefined, { onRetry: () => gone.abort(REASON) });
    const call = protectedBy.tryCall(() => Promise.reject(new Error('down')), {
      idempotent: true,
      signal: gone.signal,
    });
    expect((await call).error).toBe(REASON);
    isClean();
  });

  test.each(['attempt.settled', 'retry.scheduled', 'timeout.expired'])(
    'from a listener to %s ends the call',
    async (type) => {
      const gone = new AbortController();
      const { protectedBy, runtime, isClean } = house((event) => {
        if (event.type === type) gone.abort(REASON);
      });
      const call = protectedBy.tryCall(
        () => (type === 'timeout.expired' ? pending : Promise.reject(new Error('down'))),
        { idempotent: true, signal: gone.signal },
      );
      await runtime.clock.advanceAsync(1000);
      expect((await call).error).toBe(REASON);
      isClean();
    },
  );

  test('between a slot being granted and the call going on gives the slot back', async () => {
    const gone = new AbortController();
    // The slot is handed on before the call that had it is told of as settled.
    const { pipeline, bulkhead, runtime } = house(({ type }) => {
      if (type === 'call.settled') gone.abort(REASON);
    });
    const one = bulkhead({ maxConcurrent: 1 });
    const single = pipeline(one);
    let free!: () => void;
    const first = single.tryCall((attempt) => {
      free = () => attempt.succeed('first');
      return pending;
    });
    let ran = 0;
    const second = single.tryCall(() => ran++, { signal: gone.signal });
    const third = single.tryCall(() => 'third');
    free();
    expect((await first).ok).toBe(true);
    expect((await second).error).toBe(REASON);
    expect((await third).ok).toBe(true);
    expect(ran).toBe(0);
    expect(one).toMatchObject({ inFlight: 0, queued: 0 });
    runtime.clock.advance(0);
    expect(runtime.clock.armed).toBe(0);
  });
});

describe('one signal for many calls', () => {
  test('has one listener while any runs, and none a turn after the last', async () => {
    const { pipeline, timeout, runtime, abort, asked } = house();
    const limited = pipeline(timeout(1000));
    const attempts: Attempt[] = [];
    const calls = Array.from({ length: 50 }, () =>
      limited.tryCall((attempt) => {
        attempts.push(attempt);
        return pending;
      }, asked),
    );
    const listeners = () => getEventListeners(abort.signal, 'abort').length;
    expect(listeners()).toBe(1);
    for (const attempt of attempts.slice(1)) attempt.succeed(1);
    runtime.clock.advance(0);
    expect(listeners()).toBe(1);
    attempts[0]!.succeed(1);
    const another = limited.tryCall(never, asked);
    runtime.clock.advance(0);
    expect(listeners()).toBe(1);
    runtime.clock.advance(1000);
    await Promise.all([...calls, another]);
    expect(listeners()).toBe(0);
  });

  test('ends ten thousand of them in chunks', () => {
    const { pipeline, timeout, runtime, abort, asked } = house();
    const limited = pipeline(timeout('1m'));
    let ended = 0;
    for (let i = 0; i < 10_000; i++) {
      limited.start(
        never,
        ({ error }) => {
          expect(error).toBe(REASON);
          ended++;
        },
        asked,
      );
    }
    abort.abort(REASON);
    expect(ended).toBeGreaterThan(0);
    expect(ended).toBeLessThanOrEqual(256);
    let longest = ended;
    for (let turn = 0; turn < 100; turn++) {
      const before = ended;
      runtime.clock.expireNext(0);
      longest = Math.max(longest, ended - before);
    }
    expect(ended).toBe(10_000);
    expect(longest).toBeLessThanOrEqual(256);
    runtime.clock.advance(0);
    expect(runtime.clock.armed).toBe(0);
    expect(getEventListeners(abort.signal, 'abort')).toEqual([]);
  });

  test('ends them all although the callback of one throws', async () => {
    const { pipeline, timeout, runtime, abort, asked } = house();
    const limited = pipeline(timeout('1m'));
    let ended = 0;
    for (let i = 0; i < 5; i++) {
      limited.start(
        never,
        () => {
          ended++;
          if (i === 2) throw new Error('in a callback');
        },
        asked,
      );
    }
    const uncaught: unknown[] = [];
    const keep = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => uncaught.push(error));
    abort.abort(REASON);
    runtime.clock.advance(0);
    expect(ended).toBe(5);
    await new Promise((resolve) => setImmediate(resolve));
    process.removeAllListeners('uncaughtException');
    for (const listener of keep) process.on('uncaughtException', listener);
    expect(uncaught).toEqual([new Error('in a callback')]);
  });
});

describe('a call made on behalf of an attempt', () => {
  test('ends with it, for the same reason, and so do its own', async () => {
    const { protectedBy, pipeline, timeout, abort, asked, isClean } = house();
    const inner = pipeline(timeout(1000));
    const calls: Promise<{ error?: unknown }>[] = [];
    const outer = protectedBy.tryCall((parent) => {
      calls.push(
        inner.tryCall(
          (middle) => {
            calls.push(inner.tryCall(never, { parent: middle }));
            return pending;
          },
          { parent },
        ),
      );
      return pending;
    }, asked);
    abort.abort(REASON);
    const errors = (await Promise.all([outer, ...calls])).map(({ error }) => error);
    expect(errors).toEqual([REASON, REASON, REASON]);
    isClean();
  });

  test('ends when the attempt times out, before the next attempt begins', async () => {
    const { protectedBy, pipeline, timeout, runtime, slots } = house();
    const inner = pipeline(timeout('1m'));
    const order: string[] = [];
    const call = protectedBy.tryCall(
      (parent) => {
        order.push(`attempt ${parent.number}`);
        if (parent.number === 2) return 'done';
        inner.start(never, ({ stoppedBy }) => order.push(`child ended by ${stoppedBy}`), {
          parent,
        });
        return pending;
      },
      { idempotent: true },
    );
    runtime.clock.advance(1100);
    expect((await call).ok).toBe(true);
    expect(order).toEqual(['attempt 1', 'child ended by abort', 'attempt 2']);
    expect(slots.inFlight).toBe(0);
    expect(runtime.clock.armed).toBe(0);
  });

  test('does not start once the attempt was abandoned', async () => {
    const { protectedBy, pipeline, timeout, abort, asked } = house();
    let parent!: Attempt;
    const outer = protectedBy.tryCall((attempt) => {
      parent = attempt;
      return pending;
    }, asked);
    abort.abort(REASON);
    await outer;
    const result = await pipeline(timeout(1000)).tryCall(() => expect.unreachable(), { parent });
    expect(result).toMatchObject({ ok: false, stoppedBy: 'abort' });
    expect(result.error).toBe(REASON);
  });

  test('and with a signal of its own ends with whichever comes first', async () => {
    for (const first of ['signal', 'parent'] as const) {
      const { protectedBy, pipeline, timeout, abort, asked, runtime, isClean } = house();
      const own = new AbortController();
      const inner = pipeline(timeout('1m'));
      let child!: Promise<{ error?: unknown }>;
      const outer = protectedBy.tryCall((parent) => {
        child = inner.tryCall(never, { parent, signal: own.signal });
        return pending;
      }, asked);
      const reasons = { signal: 'of the signal', parent: 'of the parent' };
      (first === 'signal' ? own : abort).abort(reasons[first]);
      expect((await child).error).toBe(reasons[first]);
      (first === 'signal' ? abort : own).abort('later');
      await outer;
      runtime.clock.advance(0);
      expect(getEventListeners(own.signal, 'abort')).toEqual([]);
      isClean();
    }
  });

  test('that outlives an attempt which has settled goes on', async () => {
    const { protectedBy, pipeline, timeout, runtime } = house();
    let child!: Promise<{ value?: unknown }>;
    let finish!: () => void;
    await protectedBy.call((parent) => {
      child = pipeline(timeout(1000)).tryCall(
        (attempt) => {
          finish = () => attempt.succeed('by and by');
          return pending;
        },
        { parent },
      );
      return 'done';
    });
    finish();
    expect((await child).value).toBe('by and by');
    expect(runtime.clock.armed).toBe(0);
  });
});

describe('a deadline', () => {
  test.each([
    ['runs', never],
    ['is backed off', () => Promise.reject(new Error('down'))],
  ])('ends a call that %s', async (_, operation) => {
    const { pipeline, classify, deadline, retry, bulkhead, timeout, runtime } = house();
    const slots = bulkhead();
    const call = pipeline(
      classify((outcome) => (outcome.ok ? 'success' : 'transient')),
      deadline(500),
      // Linear, so that the estimate lets it wait.
      retry({ maxAttempts: 100, backoff: { kind: 'constant', base: 300, jitter: 'none' } }),
      slots,
      timeout('1m'),
    ).tryCall(operation, { idempotent: true });
    await runtime.clock.advanceAsync(500);
    const result = await call;
    expect(result.ok).toBe(false);
    expect(result.stoppedBy).toBe('deadline');
    expect(slots.inFlight).toBe(0);
    expect(runtime.clock.armed).toBe(0);
  });
});
