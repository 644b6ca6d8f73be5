import { describe, expect, test } from 'vitest';
import { makePipeline, never, REASON } from '../../test/pipelines.ts';
import { type Attempt, pending } from './operation.ts';

describe('an abort', () => {
  test('before the call starts keeps the operation from running', async () => {
    const { protectedBy, abort, asked, expectClean } = makePipeline();
    abort.abort(REASON);
    let ran = 0;
    const result = await protectedBy.tryCall(() => ran++, asked);
    expect(result).toMatchObject({ ok: false, stoppedBy: 'abort', attempts: [] });
    expect(result.error).toBe(REASON);
    expect(ran).toBe(0);
    await expect(protectedBy.call(() => ran++, asked)).rejects.toBe(REASON);
    expectClean();
  });

  test('while the operation runs ends the call with the reason, and aborts the attempt', async () => {
    const { protectedBy, abort, asked, expectClean } = makePipeline();
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
    expectClean();
  });

  test('without a reason ends the call with the one that its signal makes up', async () => {
    const { protectedBy, abort, asked } = makePipeline();
    const call = protectedBy.tryCall(never, asked);
    abort.abort();
    const { error } = await call;
    expect(error).toMatchObject({ name: 'AbortError' });
    expect(error).toBe(abort.signal.reason);
  });

  test('while queued leaves the queue at once', async () => {
    const { protectedBy, slots, abort, asked, expectClean } = makePipeline();
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
    expectClean();
  });

  test('in backoff ends the wait at once', async () => {
    const { protectedBy, runtime, abort, asked, expectClean } = makePipeline();
    let attempts = 0;
    const call = protectedBy.tryCall(() => {
      attempts++;
      throw new Error('down');
    }, asked);
    runtime.clock.advance(50);
    expect(runtime.clock.armed).toBe(2); // the deadline and the wait
    abort.abort(REASON);
    expect((await call).error).toBe(REASON);
    expectClean();
    runtime.clock.advance(100_000);
    expect(attempts).toBe(1);
  });

  test('while a fallback runs ends it, and its answer is not taken', async () => {
    const { pipeline, classify, fallback, abort, asked, expectClean } = makePipeline();
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
    expectClean();
  });

  test('keeps a fallback from running', async () => {
    const { pipeline, fallback, timeout, abort, asked } = makePipeline();
    const call = pipeline(fallback({ value: 'instead' }), timeout(1000)).tryCall(never, asked);
    abort.abort(REASON);
    expect(await call).toMatchObject({ ok: false, error: REASON, fellBack: false });
  });

  test('inside the operation, which then goes on, ends the call', async () => {
    const { protectedBy, abort, asked, expectClean } = makePipeline();
    const waits = protectedBy.tryCall(() => {
      abort.abort(REASON);
      return new Promise(() => {});
    }, asked);
    expect((await waits).error).toBe(REASON);
    expectClean();
  });

  test('inside the operation, which then fails, keeps it from being tried again', async () => {
    const { protectedBy, abort, asked, expectClean } = makePipeline();
    let attempts = 0;
    const fails = protectedBy.tryCall(() => {
      attempts++;
      abort.abort(REASON);
      throw new Error('down');
    }, asked);
    expect((await fails).error).toBe(REASON);
    expect(attempts).toBe(1);
    expectClean();
  });

  test('inside the operation, which then succeeds, comes too late', async () => {
    const { protectedBy, abort, asked, expectClean } = makePipeline();
    const succeeds = protectedBy.tryCall(() => {
      abort.abort(REASON);
      return 'done';
    }, asked);
    expect(await succeeds).toMatchObject({ ok: true, value: 'done' });
    expectClean();
  });

  test('from a listener to its success comes too late, and leaves nothing behind', async () => {
    const gone = new AbortController();
    const { protectedBy, runtime, expectClean } = makePipeline(({ type }) => {
      if (type === 'attempt.settled') gone.abort(REASON);
    });
    expect(await protectedBy.call(async () => 'done', { signal: gone.signal })).toBe('done');
    expectClean();
    runtime.clock.advance(3_600_000);
    expect(runtime.sink.events.map(({ type }) => type)).toEqual([
      'attempt.settled',
      'call.settled',
    ]);
  });

  test('in onRetry ends the call', async () => {
    const gone = new AbortController();
    const { protectedBy, expectClean } = makePipeline(undefined, {
      onRetry: () => gone.abort(REASON),
    });
    const call = protectedBy.tryCall(() => Promise.reject(new Error('down')), {
      idempotent: true,
      signal: gone.signal,
    });
    expect((await call).error).toBe(REASON);
    expectClean();
  });

  test.each(['attempt.settled', 'retry.scheduled', 'timeout.expired'])(
    'from a listener to %s ends the call',
    async (type) => {
      const gone = new AbortController();
      const { protectedBy, runtime, expectClean } = makePipeline((event) => {
        if (event.type === type) gone.abort(REASON);
      });
      const call = protectedBy.tryCall(
        () => (type === 'timeout.expired' ? pending : Promise.reject(new Error('down'))),
        { idempotent: true, signal: gone.signal },
      );
      await runtime.clock.advanceAsync(1000);
      expect((await call).error).toBe(REASON);
      expectClean();
    },
  );

  test('between a slot being granted and the call going on gives the slot back', async () => {
    const gone = new AbortController();
    // The slot is handed on before the call that had it is told of as settled.
    const { pipeline, bulkhead, runtime } = makePipeline(({ type }) => {
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

describe('a deadline', () => {
  test.each([
    ['runs', 500, never],
    // The second wait would last until 600.
    ['would wait beyond it', 300, () => Promise.reject(new Error('down'))],
  ])('ends a call that %s, after %i ms of 500', async (_, after, operation) => {
    const { pipeline, classify, deadline, retry, bulkhead, timeout, runtime } = makePipeline();
    const slots = bulkhead();
    const call = pipeline(
      classify((outcome) => (outcome.ok ? 'success' : 'transient')),
      deadline(500),
      retry({ maxAttempts: 100, backoff: { kind: 'constant', base: 300, jitter: 'none' } }),
      slots,
      timeout('1m'),
    ).tryCall(operation, { idempotent: true });
    let endedAt: number | null = null;
    const ended = call.then((result) => {
      endedAt = runtime.clock.now();
      return result;
    });
    await runtime.clock.advanceAsync(500);
    expect(await ended).toMatchObject({ ok: false, stoppedBy: 'deadline' });
    expect(endedAt).toBe(after);
    expect(slots.inFlight).toBe(0);
    expect(runtime.clock.armed).toBe(0);
  });
});
