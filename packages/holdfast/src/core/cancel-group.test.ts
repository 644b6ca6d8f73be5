import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { makePipeline, never, REASON } from '../../test/pipelines.ts';
import { type Attempt, pending } from './operation.ts';

describe('one signal for many calls', () => {
  test('has one listener while any runs, and none a turn after the last', async () => {
    const { pipeline, timeout, runtime, abort, asked } = makePipeline();
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
    const { pipeline, timeout, runtime, abort, asked } = makePipeline();
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

  test('ends them all although the callback of one throws', () => {
    const { pipeline, timeout, runtime, abort, asked } = makePipeline();
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
    abort.abort(REASON);
    expect(ended).toBe(5);
    expect(() => runtime.clock.advance(0)).toThrow('in a callback');
  });
});
