import { describe, expect, test } from 'vitest';
import { classify } from '../../core/classify.ts';
import { type Attempt, type CallOptions, pending } from '../../core/operation.ts';
import { pipeline } from '../../core/pipeline.ts';
import { type TestRuntime, testRuntime } from '../../testing/index.ts';
import { bulkhead } from '../bulkhead/bulkhead.ts';
import { retry } from '../retry/retry.ts';
import { timeout } from '../timeout/timeout.ts';
import { deadline } from './deadline.ts';

const judging = classify<unknown>(({ ok }) => (ok ? 'success' : 'transient'));
const hang = (): Promise<unknown> => new Promise(() => {});

/** How long a call of one second may really run that never ends by itself. */
function timeOf(asked: CallOptions, rt: TestRuntime = testRuntime()): number {
  const begun = rt.clock.now();
  let ended = NaN;
  const tell = (): void => {
    ended = rt.clock.now();
  };
  pipeline(deadline(1000, rt)).start(() => pending, tell, asked);
  rt.clock.advance(Number.MAX_SAFE_INTEGER);
  return ended - begun;
}

describe('a call that runs out of time', () => {
  test('ends while its attempt runs, which is told so', async () => {
    const rt = testRuntime();
    let signal: AbortSignal | undefined;
    const result = pipeline(deadline('2s', rt)).tryCall((attempt) => {
      ({ signal } = attempt);
      return hang();
    });
    rt.clock.advance(1999);
    expect(signal?.aborted).toBe(false);
    rt.clock.advance(1);
    const { error, verdict, stoppedBy } = await result;
    expect(error).toMatchObject({
      name: 'DeadlineExceededError',
      code: 'DEADLINE_EXCEEDED',
      status: 504,
      message: 'out of time (deadline, 1 attempt, 2s)',
      attempts: [{ attempt: 1, verdict: 'timeout', duration: 2000 }],
    });
    expect([verdict, stoppedBy]).toEqual(['timeout', 'deadline']);
    expect(signal?.reason).toBe(error);
    expect(rt.sink.of('deadline.exceeded')).toEqual([
      { type: 'deadline.exceeded', dependency: '', attempts: 1 },
    ]);
  });

  test('ends while it waits for its next attempt, with the last real error as cause', async () => {
    const rt = testRuntime();
    const again = retry({ backoff: { base: 600, jitter: 'none' } }, rt);
    const slow = pipeline(judging, deadline(1000, rt), again, timeout(300, rt));
    const result = slow.tryCall(hang, { idempotent: true });
    await rt.clock.advanceAsync(1000);
    const { error, attempts } = await result;
    expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED', cause: { code: 'ATTEMPT_TIMEOUT' } });
    expect(attempts.map(({ startedAfter, duration }) => [startedAfter, duration])).toEqual([
      [0, 300],
      [900, 100],
    ]);
    expect(rt.clock.armed).toBe(0);
  });

  test('ends while it queues, without an attempt', async () => {
    const rt = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, rt);
    const calls = pipeline(deadline(1000, rt), slots);
    void calls.tryCall(hang, { deadline: '1h' });
    const result = calls.tryCall(hang);
    rt.clock.advance(1000);
    await expect(result).resolves.toMatchObject({ ok: false, stoppedBy: 'deadline', attempts: [] });
    expect(slots.queued).toBe(0);
  });

  test('takes the calls with it that were made on its behalf', async () => {
    const rt = testRuntime();
    const inner = pipeline(timeout('1h', rt));
    let nested: Promise<unknown> | undefined;
    const outer = pipeline(deadline(1000, rt)).tryCall((parent) => {
      nested = inner.tryCall(hang, { parent });
      return nested;
    });
    rt.clock.advance(1000);
    const { error } = await outer;
    await expect(nested).resolves.toMatchObject({ ok: false, error, stoppedBy: 'abort' });
    expect(rt.clock.armed).toBe(0);
  });
});

describe('a call that ends in time', () => {
  test('leaves no timer', async () => {
    const rt = testRuntime();
    const calls = pipeline(deadline(1000, rt));
    await expect(calls.call(() => 'fine')).resolves.toBe('fine');
    await expect(calls.call(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(rt.clock.armed).toBe(0);
  });

  test('tells its attempts what is left, never less than nothing', async () => {
    const rt = testRuntime();
    rt.clock.advance(500);
    let attempt: Attempt | undefined;
    const result = pipeline(deadline(1000, rt)).tryCall((given) => {
      attempt = given;
      return hang();
    });
    expect([attempt?.deadline, attempt?.remaining()]).toEqual([1500, 1000]);
    rt.clock.advance(400);
    expect(attempt?.remaining()).toBe(600);
    rt.clock.advance(9000);
    await result;
    expect(attempt?.remaining()).toBe(0);
  });
});

test("a nested call ends before its parent's attempt, not only before the deadline", async () => {
  const rt = testRuntime();
  const outer = pipeline(deadline(5000, rt), timeout(1000, rt));
  const inner = pipeline(deadline(4000, rt));
  let nested: ReturnType<typeof inner.tryCall> | undefined;
  const result = outer.call(async (parent) => {
    nested = inner.tryCall(hang, { parent });
    return (await nested).ok ? 'with' : 'without';
  });
  rt.clock.advance(950);
  expect((await nested)?.stoppedBy).toBe('deadline');
  await expect(result).resolves.toBe('without');
});

describe('the deadline of one call', () => {
  test.each([
    ['50ms', 50],
    ['5s', 5000],
    [2 ** 31 + 5, 2 ** 31 + 5],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    [0, 0],
    [undefined, 1000],
  ] as const)('%s replaces the configured second: %d ms', (asked, time) => {
    expect(timeOf({ deadline: asked })).toBe(time);
  });

  test('of 0 is already over: nothing is attempted', async () => {
    const rt = testRuntime();
    let attempted = false;
    const result = await pipeline(deadline(1000, rt)).tryCall(
      () => {
        attempted = true;
      },
      { deadline: 0 },
    );
    expect(result).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' }, stoppedBy: 'deadline' });
    expect(attempted).toBe(false);
    expect(rt.clock.armed).toBe(0);
  });

  test.each([-1, NaN, Infinity, '1 hour', null, {}])('%j is refused', async (asked) => {
    const call = pipeline(deadline(1000, testRuntime())).call(() => 'fine', {
      deadline: asked as never,
    });
    await expect(call).rejects.toThrow('options.deadline must be a duration');
  });

  test('is refused where no deadline policy would heed it', async () => {
    const call = pipeline(timeout(1000, testRuntime())).call(() => 'fine', { deadline: 50 });
    await expect(call).rejects.toThrow('options.deadline needs a deadline policy');
  });

  test.each([
    ['its own, if that ends before the parent', 10_000, {}, 1000],
    ['what the parent has left, less 5 %', 600, {}, 570],
    ['what the parent has left, less at least 10 ms', 100, {}, 90],
    ['its override, if that is shorter still', 600, { deadline: '20ms' }, 20],
    ['not its override, if that outlives the parent', 600, { deadline: '1h' }, 570],
    ['nothing, if the parent has no more than the reserve', 10, {}, 0],
  ])('made for a parent is %s', (_, parentTime, asked, time) => {
    const rt = testRuntime();
    rt.clock.advance(123);
    let parent: Attempt | undefined;
    void pipeline(deadline(parentTime, rt)).tryCall((attempt) => {
      parent = attempt;
      return hang();
    });
    expect(timeOf({ ...asked, parent } as CallOptions, rt)).toBe(time);
  });

  test('counts from when the nested call is made', async () => {
    const rt = testRuntime();
    const inner = pipeline(deadline(1000, rt));
    let parent: Attempt | undefined;
    void pipeline(deadline(1000, rt)).tryCall((attempt) => {
      parent = attempt;
      return hang();
    });
    rt.clock.advance(800);
    const result = inner.tryCall(hang, { parent: parent! });
    rt.clock.advance(189);
    expect(rt.sink.of('deadline.exceeded')).toEqual([]);
    rt.clock.advance(1);
    await expect(result).resolves.toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' } });
  });

  test("made for a parent that is over, has no time: the parent's end is its reason", async () => {
    const rt = testRuntime();
    let parent: Attempt | undefined;
    const outer = pipeline(deadline(1000, rt)).tryCall((attempt) => {
      parent = attempt;
      return hang();
    });
    rt.clock.advance(1000);
    const { error } = await outer;
    const late = await pipeline(deadline(1000, rt)).tryCall(() => 'never', { parent: parent! });
    expect(late).toMatchObject({ ok: false, error, stoppedBy: 'abort', attempts: [] });
  });

  test('made for a parent that has ended well still ends before the parent would have had to', async () => {
    const rt = testRuntime();
    let parent: Attempt | undefined;
    await pipeline(deadline(1000, rt)).call((attempt) => {
      parent = attempt;
      return 'fine';
    });
    rt.clock.advance(995);
    const late = await pipeline(deadline(1000, rt)).tryCall(() => 'never', { parent: parent! });
    expect(late).toMatchObject({ ok: false, error: { code: 'DEADLINE_EXCEEDED' } });
  });

  test('always ends before its parent, however deep', async () => {
    const rt = testRuntime();
    const ends: number[] = [];
    const descend = (depth: number, parent?: Attempt): Promise<unknown> => {
      const call = pipeline(deadline(1000, rt)).tryCall(
        (attempt) => (depth === 0 ? hang() : descend(depth - 1, attempt)),
        parent === undefined ? {} : { parent },
      );
      return call.finally(() => ends.push(rt.clock.now()));
    };
    const outermost = descend(8);
    await rt.clock.advanceAsync(1000);
    await outermost;
    expect(ends).toHaveLength(9);
    expect(ends).toEqual(ends.toSorted((a, b) => a - b));
    expect(ends[0]).toBeCloseTo(1000 * 0.95 ** 8, 6);
  });
});

describe('the configured time', () => {
  test.each([0, -1, NaN, Infinity, 0.5, '0s', '1 s', 'soon'])('%j is refused', (after) => {
    const refused = (): unknown => deadline(after as never);
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow('deadline.after must be a duration of at least 1ms');
  });

  test('is four seconds unless said', async () => {
    const rt = testRuntime();
    const result = pipeline(deadline(undefined, rt)).tryCall(hang);
    rt.clock.advance(3999);
    expect(rt.sink.of('deadline.exceeded')).toEqual([]);
    rt.clock.advance(1);
    await expect(result).resolves.toMatchObject({ verdict: 'timeout' });
  });

  test('is one for a pipeline: two are refused', () => {
    expect(() => pipeline(deadline(), deadline())).toThrow('a call has one deadline');
  });
});
