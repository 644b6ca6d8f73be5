import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  bulkhead,
  circuitBreaker,
  deadline,
  fallback,
  type FallbackReason,
  pending,
  type Result,
  retry,
} from '../../index.ts';
import { makeFallback } from '../../../test/fallbacks.ts';

const refuse = (): never => {
  throw new Error('no stock either');
};

describe('what answers', () => {
  test('a value', async () => {
    const { failing } = makeFallback({ value: [] });
    expect(await failing()).toMatchObject({ ok: true, value: [], fellBack: true });
  });

  test('a function, synchronous or not', async () => {
    expect(await makeFallback({ run: () => 1 }).failing()).toMatchObject({ ok: true, value: 1 });
    expect(await makeFallback({ run: async () => 2 }).failing()).toMatchObject({
      ok: true,
      value: 2,
    });
  });

  test('nothing, when the call succeeded', async () => {
    let ran = 0;
    const { calls, runtime } = makeFallback({ run: () => ran++ });
    expect(await calls.tryCall(() => 'fine')).toMatchObject({ value: 'fine', fellBack: false });
    expect(ran).toBe(0);
    expect(runtime.sink.of('fallback.used')).toEqual([]);
  });

  test('the function is told why it is asked', async () => {
    const reasons: FallbackReason[] = [];
    const run = (reason: FallbackReason) => reasons.push(reason);
    await makeFallback({ run }).failing();
    expect(reasons[0]).toMatchObject({ verdict: 'transient', stoppedBy: 'attempts', attempts: 1 });
    expect((reasons[0]!.error as Error).message).toBe('down');
    expect(reasons[0]!.signal.aborted).toBe(false);
  });

  test('answers for an open breaker and a full bulkhead too', async () => {
    const whys: unknown[] = [];
    const run = ({ stoppedBy, verdict, attempts }: FallbackReason) =>
      whys.push([stoppedBy, verdict, attempts]);
    const isolated = makeFallback({ run }, (runtime) => {
      const breaker = circuitBreaker({}, runtime);
      breaker.isolate();
      return { inside: [breaker] };
    });
    await isolated.failing();
    const full = makeFallback({ run }, (runtime) => ({
      inside: [bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime)],
    }));
    full.calls.start(
      () => pending,
      () => {},
    );
    await full.failing();
    expect(whys).toEqual([
      ['breaker', 'ignored', 0],
      ['rejected', 'ignored', 0],
    ]);
  });

  test('answers when the deadline inside it has passed', async () => {
    const { calls, clock } = makeFallback({ value: 'late' }, (runtime) => ({
      inside: [deadline('1s', runtime)],
    }));
    const answer = calls.tryCall(() => pending as never);
    clock.advance(1000);
    expect(await answer).toMatchObject({
      value: 'late',
      verdict: 'timeout',
      stoppedBy: 'deadline',
    });
  });

  test('a terminal outcome is the dependency’s own answer and stays', async () => {
    const { calls } = makeFallback({ value: 'instead' });
    const answer = await calls.tryCall(() => ({ verdict: 'terminal' }));
    expect(answer).toMatchObject({ value: { verdict: 'terminal' }, fellBack: false });
  });

  test('of two, the inner one answers and the outer one leaves it', async () => {
    const { failing } = makeFallback({ value: 'outer' }, (runtime) => ({
      inside: [fallback({ value: 'inner' }, runtime)],
    }));
    expect(await failing()).toMatchObject({ value: 'inner' });
  });

  test('a retry outside of it that succeeds in the end did not fall back', async () => {
    const { calls } = makeFallback({ value: { verdict: 'transient' } }, (runtime) => ({
      outside: [retry({ backoff: { base: 0 } }, runtime)],
    }));
    const answer = await calls.tryCall(
      ({ number }) => {
        if (number === 1) throw new Error('down');
        return 'up';
      },
      { idempotent: true },
    );
    expect(answer).toMatchObject({ value: 'up', fellBack: false });
  });
});

describe('an answer with a failure’s verdict', () => {
  test('is replaced, and handed to discard so that its socket is let go', async () => {
    const discarded: unknown[] = [];
    const { calls } = makeFallback({ value: 'instead' }, () => ({
      discard: (value) => discarded.push(value),
    }));
    const unavailable = { status: 503, verdict: 'transient' };
    expect(await calls.tryCall(() => unavailable)).toMatchObject({ ok: true, value: 'instead' });
    expect(discarded).toEqual([unavailable]);
  });

  test('is what the caller gets, untouched, when the fallback fails', async () => {
    const discarded: unknown[] = [];
    const unavailable = { status: 503, verdict: 'transient' };
    const { calls } = makeFallback({ run: refuse }, () => ({
      discard: (value) => discarded.push(value),
    }));
    const answer = await calls.tryCall(() => unavailable);
    expect(answer.ok && answer.value).toBe(unavailable);
    expect(answer.fellBack).toBe(false);
    expect(discarded).toEqual([]);
  });

  test('a discard that throws does not spoil the answer', async () => {
    const { calls } = makeFallback({ value: 'instead' }, () => ({
      discard: () => {
        throw new Error('socket is gone');
      },
    }));
    const answer = await calls.tryCall(() => ({ verdict: 'transient' }));
    expect(answer).toMatchObject({ ok: true, value: 'instead' });
  });
});

describe('a function that fails', () => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['rejects with nothing', () => Promise.reject()],
  ])('%s: the call keeps its own outcome', async (_how, run) => {
    const { failing, runtime, clock } = makeFallback({ run });
    const { ok, error, fellBack } = await failing();
    expect([ok, (error as Error).message, fellBack]).toEqual([false, 'down', false]);
    expect(runtime.sink.of('fallback.failed')).toMatchObject([{ why: 'error' }]);
    expect(clock.armed).toBe(0);
  });

  test('takes longer than its timeout: the call keeps its own outcome and its signal aborts', async () => {
    let signal!: AbortSignal;
    const run = (reason: FallbackReason) => {
      ({ signal } = reason);
      return new Promise(() => {});
    };
    const { failing, runtime, clock } = makeFallback({ run, timeout: '300ms' });
    const answer = failing();
    clock.advance(299);
    expect(runtime.sink.of('fallback.failed')).toEqual([]);
    clock.advance(1);
    expect((await answer).ok).toBe(false);
    expect(signal.aborted).toBe(true);
    expect(runtime.sink.of('fallback.failed')).toMatchObject([{ why: 'timeout' }]);
  });

  test('what it answers after its timeout is dropped', async () => {
    let late!: (value: unknown) => void;
    const run = () => new Promise((resolve) => (late = resolve));
    const { failing, clock } = makeFallback({ run });
    const answer = failing();
    clock.advance(1000);
    late('late');
    expect((await answer).ok).toBe(false);
  });

  test('has no longer than its parent has left', async () => {
    const { failing, calls, clock, runtime } = makeFallback(
      { run: () => new Promise(() => {}), timeout: '1s' },
      (own) => ({ inside: [deadline('10s', own)] }),
    );
    let inner!: Promise<Result<unknown>>;
    // The parent settles, so that its end is not what ends the other.
    const operation = (parent: Attempt) => {
      inner = failing({ parent });
      return 'done';
    };
    await calls.call(operation, { deadline: '200ms' });
    clock.advance(199);
    expect(runtime.sink.of('fallback.failed')).toEqual([]);
    clock.advance(1);
    expect((await inner).error).toEqual(new Error('down'));
    expect(runtime.sink.of('fallback.failed')).toMatchObject([{ why: 'timeout' }]);
  });
});

describe('the caller’s own end', () => {
  test('an abort is passed through untouched, and nothing answers in its place', async () => {
    const { calls } = makeFallback({ value: 'instead' });
    const controller = new AbortController();
    const answer = calls.tryCall(() => pending as never, { signal: controller.signal });
    const reason = new Error('user left');
    controller.abort(reason);
    expect(await answer).toMatchObject({ ok: false, error: reason, stoppedBy: 'abort' });
  });

  test('an abort while the function runs ends the call and tells the function', async () => {
    let signal!: AbortSignal;
    const run = (reason: FallbackReason) => {
      ({ signal } = reason);
      return new Promise(() => {});
    };
    const { failing, clock } = makeFallback({ run });
    const controller = new AbortController();
    const answer = failing({ signal: controller.signal });
    const reason = new Error('user left');
    controller.abort(reason);
    expect(await answer).toMatchObject({ ok: false, error: reason, stoppedBy: 'abort' });
    expect(signal.aborted).toBe(true);
    clock.advance(0);
    expect(clock.armed).toBe(0);
  });

  test('a deadline outside of it is final: the fallback is not even asked', async () => {
    let asked = 0;
    const { calls, clock, runtime } = makeFallback({ run: () => asked++ }, (own) => ({
      outside: [deadline('1s', own)],
    }));
    const answer = calls.tryCall(() => pending as never);
    clock.advance(1000);
    expect(await answer).toMatchObject({ ok: false, error: { code: 'DEADLINE_EXCEEDED' } });
    await clock.advanceAsync(2000);
    expect(asked).toBe(0);
    expect(runtime.sink.of('call.settled')).toHaveLength(1);
  });
});

describe('options', () => {
  test('without any answer are refused', () => {
    // @ts-expect-error: what should it answer?
    expect(() => fallback({})).toThrow('fallback needs a value, a run function, or stale');
    expect(() => fallback({ value: undefined })).toThrow('fallback needs a value');
  });

  test('with two answers are refused', () => {
    // @ts-expect-error: one of the two
    expect(() => fallback({ value: 1, run: () => 1 })).toThrow('not both');
  });

  test('falsy values are values', async () => {
    for (const value of [0, '', false, null]) {
      expect(await makeFallback({ value }).failing()).toMatchObject({ ok: true, value });
    }
  });
});
