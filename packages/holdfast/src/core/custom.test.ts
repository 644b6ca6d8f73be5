import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import type { CustomContext } from './custom.ts';
import { type Attempt, pending } from './operation.ts';

function house() {
  const runtime = testRuntime();
  const made = withRuntime(runtime);
  const transient = made.classify((outcome) => (outcome.ok ? 'success' : 'transient'));
  return { ...made, clock: runtime.clock, transient };
}

const hangs = () => new Promise<never>(() => {});

describe('a policy of one’s own', () => {
  test('may pass on, change, replace or refuse', async () => {
    const { pipeline, custom } = house();
    const call = (run: (next: () => Promise<unknown>) => unknown) =>
      pipeline(custom('own', run)).call<unknown>(() => 'inside');
    expect(await call((next) => next())).toBe('inside');
    expect(await call(async (next) => `${await next()} and out`)).toBe('inside and out');
    expect(await call(() => 'instead')).toBe('instead');
    await expect(
      call(() => {
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
  });

  test('may run what is inside again, each time as an attempt with all its policies', async () => {
    const { pipeline, custom, bulkhead, timeout } = house();
    const slots = bulkhead({ maxConcurrent: 1 });
    const twice = custom('twice', async (next) => {
      try {
        return await next();
      } catch {
        return next();
      }
    });
    const result = await pipeline(twice, slots, timeout(100)).tryCall(async ({ number }) => {
      expect(slots.inFlight).toBe(1);
      if (number === 1) throw new Error('down');
      return number;
    });
    expect(result).toMatchObject({ ok: true, value: 2 });
    expect(result.attempts.map(({ verdict }) => verdict)).toEqual(['transient', 'success']);
    expect(slots.inFlight).toBe(0);
  });

  test('is judged by its answer, for the policies around it', async () => {
    const { pipeline, custom, retry, transient } = house();
    let runs = 0;
    const fails = custom('fails', () => {
      runs++;
      throw new Error('its own');
    });
    const again = pipeline(transient, retry({ backoff: { base: 0 } }), fails);
    const result = await again.tryCall(() => 1, { idempotent: true });
    expect(result).toMatchObject({ ok: false, stoppedBy: 'attempts', attempts: [] });
    expect(runs).toBe(3);
  });

  test('may race two attempts; the one that lost is abandoned, its permits come back', async () => {
    const { pipeline, custom, bulkhead, timeout, clock } = house();
    const slots = bulkhead();
    const attempts: Attempt[] = [];
    const race = custom('race', (next) => Promise.race([next(), next()]));
    const call = pipeline(race, slots, timeout(1000)).tryCall((attempt) => {
      attempts.push(attempt);
      return pending;
    });
    expect(attempts.map(({ number }) => number)).toEqual([1, 2]);
    attempts[1]!.succeed('second');
    expect(await call).toMatchObject({ ok: true, value: 'second' });
    expect(attempts.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    expect(slots.inFlight).toBe(0);
    expect(clock.armed).toBe(0);
  });

  test('ends with its call: its signal aborts, what runs inside is abandoned', async () => {
    const { pipeline, custom, deadline, bulkhead, clock } = house();
    const slots = bulkhead();
    let context!: CustomContext;
    let inner!: Attempt;
    const own = custom('own', (next, given) => {
      context = given;
      expect(given.signal.aborted).toBe(false);
      return next();
    });
    const call = pipeline(deadline(100), own, slots).tryCall(
      (attempt) => {
        inner = attempt;
        return pending;
      },
      { key: 'k', criticality: 'sheddable' },
    );
    clock.advance(40);
    expect(context).toMatchObject({ key: 'k', criticality: 'sheddable' });
    expect(context.remaining()).toBe(60);
    clock.advance(60);
    const { error } = await call;
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(context.signal.reason).toBe(error);
    expect(inner.signal.reason).toBe(error);
    expect(slots.inFlight).toBe(0);
    expect(clock.armed).toBe(0);
  });

  test('that answers only after its call has ended: the answer is handed to discard', async () => {
    const { pipeline, custom, deadline, classify, clock } = house();
    const dropped: unknown[] = [];
    const judged = classify(
      () => 'success',
      (value) => void dropped.push(value),
    );
    let written!: () => void;
    const logged = custom('log', async (next) => {
      const answer = await next();
      await new Promise<void>((resolve) => (written = resolve));
      return answer;
    });
    const call = pipeline(judged, deadline(100), logged).tryCall(async () => 'a socket');
    await clock.advanceAsync(100);
    expect(await call).toMatchObject({ stoppedBy: 'deadline' });
    written();
    await clock.advanceAsync(0);
    expect(dropped).toEqual(['a socket']);
  });

  test('ends with its call although the classifier aborts it, asked what came of an attempt', async () => {
    const { pipeline, custom, classify } = house();
    const abort = new AbortController();
    const judged = classify(() => {
      abort.abort('asked too much');
      return 'success';
    });
    const calls = pipeline(
      judged,
      custom('own', (next) => next()),
    );
    expect(await calls.tryCall(async () => 1, { signal: abort.signal })).toMatchObject({
      error: 'asked too much',
      attempts: [{ attempt: 1, verdict: 'success' }],
    });
  });

  test('that calls next too late is told so, and runs nothing', async () => {
    const { pipeline, custom } = house();
    let kept!: () => Promise<unknown>;
    let ran = 0;
    const own = custom('own', (next) => {
      kept = next;
      return 'answered';
    });
    await pipeline(own).call(() => ran++);
    await expect(kept()).rejects.toThrow('after its call had ended');
    expect(ran).toBe(0);
  });

  test('that answers without waiting for what it began leaves no rejection unhandled', async () => {
    const { pipeline, custom } = house();
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    const before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
    const cache = custom('cache', (next) => {
      void next();
      return 'cached';
    });
    expect(await pipeline(cache).call<unknown>(hangs)).toBe('cached');
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener('unhandledRejection', listener);
    for (const each of before) process.on('unhandledRejection', each);
    expect(unhandled).toEqual([]);
  });

  test('must be a function', () => {
    expect(() => house().custom('own', undefined as never)).toThrow(TypeError);
  });

  test('has its attempts in the result of tryCall', async () => {
    const { pipeline, custom } = house();
    const result = await pipeline(custom('own', (next) => next())).tryCall(() => 'value');
    expect(result).toMatchObject({ ok: true, value: 'value' });
    expect(result.attempts).toMatchObject([{ attempt: 1, verdict: 'success' }]);
  });
});
