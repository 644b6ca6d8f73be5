import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { makePipeline, never, REASON } from '../../test/pipelines.ts';
import { type Attempt, pending } from './operation.ts';

describe('a call made on behalf of an attempt', () => {
  test('ends when that attempt is abandoned, for the same reason, and so do the calls behind it', async () => {
    const { protectedBy, pipeline, timeout, abort, asked, expectClean } = makePipeline();
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
    expectClean();
  });

  test('ends when the attempt times out, before the next attempt begins', async () => {
    const { protectedBy, pipeline, timeout, runtime, slots } = makePipeline();
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
    const { protectedBy, pipeline, timeout, abort, asked } = makePipeline();
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

  test('that has a signal of its own ends with whichever comes first', async () => {
    for (const first of ['signal', 'parent'] as const) {
      const { protectedBy, pipeline, timeout, abort, asked, runtime, expectClean } = makePipeline();
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
      expectClean();
    }
  });

  test('that outlives an attempt which has settled goes on', async () => {
    const { protectedBy, pipeline, timeout, runtime } = makePipeline();
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
