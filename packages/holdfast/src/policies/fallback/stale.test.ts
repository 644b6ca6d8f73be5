import { describe, expect, test } from 'vitest';
import type { FallbackOptions } from '../../index.ts';
import { makeFallback } from '../../../test/fallbacks.ts';

const stale = (options: Exclude<FallbackOptions['stale'], boolean | undefined> = {}) =>
  makeFallback({ stale: { maxAge: '1m', ...options } });

describe('the last good answer', () => {
  test('is given while it is not too old', async () => {
    const { calls, failing, clock } = stale();
    clock.advance(3_600_000);
    await calls.call(() => 'rates of noon');
    clock.advance(60_000);
    expect(await failing()).toMatchObject({ value: 'rates of noon', fellBack: true });
    clock.advance(1);
    expect((await failing()).ok).toBe(false);
  });

  test('is not refreshed by being given', async () => {
    const { calls, failing, clock } = stale();
    await calls.call(() => 'old');
    clock.advance(40_000);
    await failing();
    clock.advance(40_000);
    expect((await failing()).ok).toBe(false);
  });

  test('belongs to its own question', async () => {
    const { calls, failing } = stale({ keyOf: ({ key }) => key ?? '' });
    await calls.call(() => 'of a', { key: 'a' });
    expect(await failing({ key: 'a' })).toMatchObject({ value: 'of a' });
    expect((await failing({ key: 'b' })).ok).toBe(false);
  });

  test('is forgotten when too many newer ones are kept', async () => {
    const { calls, failing } = stale({ maxEntries: 2, keyOf: ({ key }) => key! });
    for (const key of ['a', 'b', 'a', 'c']) await calls.call(() => `of ${key}`, { key });
    expect((await failing({ key: 'b' })).ok).toBe(false);
    expect(await failing({ key: 'a' })).toMatchObject({ value: 'of a' });
    expect(await failing({ key: 'c' })).toMatchObject({ value: 'of c' });
  });

  test('comes before the value, which answers until there is one', async () => {
    const { calls, failing, runtime } = makeFallback({ stale: {}, value: 'default' });
    expect(await failing()).toMatchObject({ value: 'default' });
    await calls.call(() => 'fresh');
    expect(await failing()).toMatchObject({ value: 'fresh' });
    expect(runtime.sink.of('fallback.used')).toMatchObject([
      { source: 'value', verdict: 'transient', stoppedBy: 'attempts' },
      { source: 'stale', verdict: 'transient', stoppedBy: 'attempts' },
    ]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('no key');
      },
    ],
    ['answers no string', () => undefined as never],
  ])(
    'of a question that cannot be named (keyOf %s) is neither kept nor given',
    async (_how, keyOf) => {
      const { calls, failing } = stale({ keyOf });
      await calls.call(() => 'somebody’s');
      expect((await failing()).ok).toBe(false);
    },
  );
});
