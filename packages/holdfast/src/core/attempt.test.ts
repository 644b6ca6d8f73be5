import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';
import type { Attempt } from './operation.ts';

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
