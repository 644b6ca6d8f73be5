import { describe, expect, test } from 'vitest';
import type { Reconciled, Unfinished } from './idempotency.ts';
import type { IdempotencyOptions } from './options.ts';
import { outcomeOf, setting } from '../../test/idempotency-setting.ts';

const LEASE = 30_000;

/** Somebody has charged, kept that and died; the next asker was granted the key, and has not heard of it. */
async function grantedUnheard(options: Partial<IdempotencyOptions>) {
  const { engine, another, runtime, store } = setting(options);
  const charges: string[] = [];
  const ask = (by = another()) =>
    by.idempotent('k', async ({ attempt, step }) => {
      await step('charged', () => charges.push(`attempt ${attempt}`));
      return `done by ${attempt}`;
    });
  void engine.idempotent('k', async ({ step }) => {
    await step('charged', () => charges.push('first'));
    return new Promise(() => {});
  });
  await runtime.clock.advanceAsync(1);
  store.mood = 'gone';
  await runtime.clock.advanceAsync(LEASE + 1);
  store.mood = 'silent';
  const refused = ask(engine).catch((error: unknown) => error);
  await runtime.clock.advanceAsync(1010);
  expect(await refused).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
  store.mood = 'well';
  return { ask, charges, runtime, engine };
}

describe('a key that was granted to somebody who has not heard of it', () => {
  test('is reconciled all the same, once', async () => {
    const asked: Unfinished[] = [];
    const reconcile = (unfinished: Unfinished): Reconciled => {
      asked.push(unfinished);
      return { outcome: 'done', result: 'charged before' };
    };
    const { ask, charges, runtime, engine } = await grantedUnheard({ reconcile });
    await runtime.clock.advanceAsync(2000);
    expect([await ask(), charges]).toEqual(['charged before', ['first']]);
    expect(asked).toMatchObject([{ key: 'k', points: [{ name: 'charged' }] }]);
    await runtime.clock.advanceAsync(LEASE);
    expect(engine.snapshot()).toMatchObject({ background: 0 });
  });

  test('is done anew if the hook finds that nothing has happened', async () => {
    const { ask, runtime } = await grantedUnheard({ reconcile: nothingHappened });
    expect(await outcomeOf(ask())).toMatchObject({ why: 'in-progress' });
    await runtime.clock.advanceAsync(2000);
    expect(await ask()).toBe('done by 1');
  });

  test('is taken over by the next, from the recovery points', async () => {
    const { ask, charges, runtime } = await grantedUnheard({ onExpiredLease: 'takeover' });
    await runtime.clock.advanceAsync(2000);
    expect([await ask(), charges]).toEqual(['done by 3', ['first']]);
  });
});

describe('a claim that was not answered', () => {
  test('leaves a key that nobody had as if it had not been', async () => {
    const { engine, another, runtime, store } = setting({ onExpiredLease: 'takeover' });
    store.mood = 'silent';
    engine.idempotent('k', () => 1).catch(() => {});
    await runtime.clock.advanceAsync(1010);
    store.mood = 'well';
    await runtime.clock.advanceAsync(2000);
    expect(await another().idempotent('k', ({ attempt }) => attempt)).toBe(1);
  });

  test('is given back however often the store cannot be told', async () => {
    const { engine, another, runtime, store } = setting();
    store.mood = 'silent';
    engine.idempotent('k', () => 1).catch(() => {});
    await runtime.clock.advanceAsync(1010);
    store.mood = 'down';
    await runtime.clock.advanceAsync(5000);
    const tries = store.steps.filter((step) => step === 'release').length;
    expect(tries).toBeGreaterThan(2);
    store.mood = 'well';
    await runtime.clock.advanceAsync(5000);
    expect(await another().idempotent('k', () => 2)).toBe(2);
  });

  test.each([5000, 10 * LEASE])(
    'is given back when it is granted %d ms later: its commit has waited for a standby, and nobody saw it before',
    async (time) => {
      const { engine, another, runtime, store } = setting();
      const commit = Promise.withResolvers<void>();
      const { claim } = store;
      store.claim = async (request) => {
        await commit.promise;
        return await claim(request);
      };
      const refused = engine.idempotent('k', () => 1).catch((error: unknown) => error);
      await runtime.clock.advanceAsync(time);
      expect(await refused).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
      commit.resolve();
      await runtime.clock.advanceAsync(1000);
      expect(await another().idempotent('k', () => 2)).toBe(2);
      expect(engine.snapshot()).toMatchObject({ background: 0 });
    },
  );

  test('is given back once: what was granted in time, and is only heard of late, is free by then', async () => {
    const { engine, runtime, store } = setting();
    const answer = Promise.withResolvers<void>();
    const { claim } = store;
    store.claim = async (request) => {
      const granted = await claim(request);
      await answer.promise;
      return granted;
    };
    engine.idempotent('k', () => 1).catch(() => {});
    await runtime.clock.advanceAsync(2000);
    answer.resolve();
    await runtime.clock.advanceAsync(2000);
    expect(store.steps.filter((step) => step === 'release')).toHaveLength(1);
  });

  test('is reconciled when it is granted late, if another has died under the key', async () => {
    const { engine, another, runtime, store } = setting({ reconcile: chargedBefore });
    // No heartbeat is heard.
    store.extend = () => new Promise(() => {});
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(LEASE + 1);
    const commit = Promise.withResolvers<void>();
    const { claim } = store;
    let claims = 0;
    store.claim = async (request) => {
      if (claims++ === 0) await commit.promise;
      return await claim(request);
    };
    engine.idempotent('k', () => 1).catch(() => {});
    await runtime.clock.advanceAsync(5000);
    commit.resolve();
    await runtime.clock.advanceAsync(1000);
    expect(await another().idempotent('k', () => 2)).toBe('charged before');
  });

  test('is given back when it is granted late, though there was no room in the background before', async () => {
    const { engine, another, runtime, store } = setting();
    const commit = Promise.withResolvers<void>();
    const { claim } = store;
    let claims = 0;
    store.claim = async (request) => {
      await (claims++ < ROOM ? new Promise(() => {}) : commit.promise);
      return await claim(request);
    };
    for (let i = 0; i <= ROOM; i++) engine.idempotent(`k${i}`, () => 1).catch(() => {});
    await runtime.clock.advanceAsync(1010);
    expect(engine.snapshot()).toMatchObject({ background: ROOM });
    await runtime.clock.advanceAsync(1000);
    commit.resolve();
    await runtime.clock.advanceAsync(1000);
    store.claim = claim;
    expect(await another().idempotent(`k${ROOM}`, () => 2)).toBe(2);
  });
});

/** What goes on in the background at most. */
const ROOM = 1000;
const nothingHappened = (): Reconciled => ({ outcome: 'nothing-happened' });
const chargedBefore = (): Reconciled => ({ outcome: 'done', result: 'charged before' });
