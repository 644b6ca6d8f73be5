import { describe, expect, test } from 'vitest';
import { outcomeOf, setting } from '../../test/idempotency-setting.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { IdempotencyOptions } from './options.ts';

/** A key of which the work was done, and how often the store was asked since. */
async function done(options: Partial<IdempotencyOptions> = {}) {
  const { engine, store, runtime } = setting(options);
  const ask = (payload?: unknown) => engine.idempotent('k', () => 'again', { payload });
  await engine.idempotent('k', () => 'done', { payload: 1 });
  store.claims.length = 0;
  return { engine, ask, store, clock: runtime.clock, runtime };
}

describe('a storm of repeats', () => {
  test('asks the store once in five seconds', async () => {
    const { ask, store, clock, runtime } = await done();
    for (let i = 0; i < 49; i++) {
      expect(await ask(1)).toBe('done');
      await clock.advanceAsync(100);
    }
    expect(store.claims).toHaveLength(1);
    await clock.advanceAsync(100);
    expect(await ask(1)).toBe('done');
    expect(store.claims).toHaveLength(2);
    const [first, ...rest] = runtime.sink.of('idempotency.opened');
    expect(first).toMatchObject({ how: 'claimed' });
    expect(rest.every((event) => (event as { how?: string }).how === 'replayed')).toBe(true);
  });

  test('is answered although the store is down', async () => {
    const { ask, store } = await done();
    await ask(1);
    store.mood = 'down';
    expect(await ask(1)).toBe('done');
  });

  test('does not hide another payload', async () => {
    const { ask, store } = await done();
    await ask(1);
    expect(await outcomeOf(ask(2))).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect(await ask(1)).toBe('done');
    expect(store.claims).toHaveLength(2);
  });

  test('says truly how long the record is kept, and outlives it in no case', async () => {
    const { engine, ask, clock } = await done({ retention: '1s', lease: '1s' });
    await ask(1);
    await clock.advanceAsync(600);
    const scope: string[] = [];
    const opened = await engine.open({ key: 'k', scope, fingerprint: fingerprintOf(1) });
    expect(opened).toMatchObject({ kind: 'replay', expiresIn: 400 });
    await clock.advanceAsync(400);
    expect(await ask(1)).toBe('again');
  });

  test('of results that are long asks the store each time, and so do all where the options say so', async () => {
    const long = setting();
    for (let i = 0; i < 4; i++) await long.engine.idempotent('k', () => 'x'.repeat(20_000));
    expect(long.store.claims).toHaveLength(4);
    const { ask, store } = await done({ replayCache: 0 });
    for (let i = 0; i < 3; i++) await ask(1);
    expect(store.claims).toHaveLength(3);
  });

  test('of more keys than may be kept asks for those that were used least lately', async () => {
    const { engine, store } = setting({ replayCache: 2 });
    const ask = (key: string) => engine.idempotent(key, () => key);
    for (const key of ['a', 'b', 'c']) await ask(key);
    for (const key of ['a', 'b', 'a', 'c']) await ask(key);
    store.claims.length = 0;
    for (const key of ['a', 'c']) await ask(key);
    expect(store.claims).toHaveLength(0);
    await ask('b');
    expect(store.claims).toHaveLength(1);
  });
});
