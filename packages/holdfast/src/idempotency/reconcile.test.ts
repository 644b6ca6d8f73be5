import { describe, expect, test } from 'vitest';
import type { Reconciled, Unfinished } from './idempotency.ts';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';

const LEASE = 30_000;

/** A key whose owner has died, and what is asked about it. */
async function deserted(found: (unfinished: Unfinished) => Reconciled | Promise<Reconciled>) {
  const asked: Unfinished[] = [];
  const reconcile = (unfinished: Unfinished) => {
    asked.push(unfinished);
    return found(unfinished);
  };
  const { engine, another, runtime, store } = setting({ reconcile });
  const called: string[] = [];
  void engine.idempotent(
    'order',
    async (execution) => {
      called.push(execution.keyFor('card'));
      await execution.step('charged', () => ({ id: 7 }));
      return new Promise(() => {});
    },
    { scope: ['tenant'] },
  );
  await runtime.clock.advanceAsync(1);
  store.mood = 'gone';
  await runtime.clock.advanceAsync(LEASE + 1);
  const ask = () => another().idempotent('order', () => 'again', { scope: ['tenant'] });
  return { ask, asked, called, runtime, ofTheDead: runtime.clock.armed };
}

describe('reconcile', () => {
  test('is told what is known, and its result is the answer from then on', async () => {
    const { ask, asked, runtime } = await deserted(() => ({
      outcome: 'done',
      result: 'charged 7',
    }));
    expect([await ask(), await ask()]).toEqual(['charged 7', 'charged 7']);
    expect(runtime.sink.of('idempotency.reconciled')).toMatchObject([{ outcome: 'done' }]);
    const points = [{ name: 'charged', value: '{"id":7}' }];
    expect(asked).toMatchObject([{ key: 'order', scope: ['tenant'], attempts: 1, points }]);
  });

  test('is told the keys that the work gave to what it called', async () => {
    const { ask, asked, called } = await deserted(() => ({ outcome: 'done', result: 7 }));
    await ask();
    expect(called).toHaveLength(1);
    expect(asked.map(({ keyFor }) => keyFor('card'))).toEqual(called);
  });

  test('lets the work be done if nothing has happened', async () => {
    const { ask, asked } = await deserted(() => ({ outcome: 'nothing-happened' }));
    expect([await ask(), await ask(), asked.length]).toEqual(['again', 'again', 1]);
  });

  test.each(['silent', 'gone'] as const)(
    'gives the key back once: not what is claimed after that, if the answer was lost: %s',
    async (mood) => {
      const { engine, another, runtime, store } = setting({
        reconcile: () => ({ outcome: 'nothing-happened' }),
        wait: '1m',
      });
      void engine.idempotent('order', () => new Promise(() => {}));
      await runtime.clock.advanceAsync(1);
      store.mood = 'gone';
      await runtime.clock.advanceAsync(LEASE + 1);
      store.mood = 'well';
      const { release } = store;
      store.release = async (owned) => {
        store.mood = mood;
        store.release = release;
        return release(owned);
      };
      const work = new Work();
      const second = engine.idempotent('order', work.run);
      await runtime.clock.advanceAsync(10);
      store.mood = 'well';
      await runtime.clock.advanceAsync(2 * LEASE);
      expect(work.begun).toBe(1);
      const third = outcomeOf(another({ wait: 0 }).idempotent('order', work.run));
      expect(await third).toMatchObject({ why: 'in-progress' });
      work.end('charged');
      expect(await second).toBe('charged');
      expect(runtime.sink.of('idempotency.reconciled')).toHaveLength(1);
    },
  );

  test.each([
    ['cannot tell', () => ({ outcome: 'unknown' }), 'unknown'],
    ['throws', () => Promise.reject(new Error('down')), 'failed'],
    ['answers nonsense', () => ({ outcome: 'maybe' }), 'failed'],
    ['answers nothing', () => undefined, 'failed'],
    ['answers what is no JSON', () => ({ outcome: 'done', result: 1n }), 'failed'],
  ])('that %s leaves it unknown, and is not asked again', async (_, found, outcome) => {
    const { ask, asked, runtime, ofTheDead } = await deserted(found as () => Reconciled);
    expect(await outcomeOf(ask())).toMatchObject({ why: 'outcome-unknown' });
    expect(await outcomeOf(ask())).toMatchObject({ why: 'outcome-unknown' });
    expect(asked).toHaveLength(1);
    expect(runtime.sink.of('idempotency.reconciled')).toMatchObject([{ outcome }]);
    // What is armed is the dead owner's.
    expect(runtime.clock.armed).toBe(ofTheDead);
  });

  test.each([
    [
      'no result',
      { outcome: 'done', results: 7 },
      "reconcile must answer a result with outcome 'done': undefined where there is none",
    ],
    [
      'a promise',
      { outcome: 'done', result: Promise.resolve(1) },
      'reconcile must answer a result, got a promise: it must be awaited',
    ],
    [
      'what is no JSON',
      { outcome: 'done', result: 1n },
      'the result of reconcile must be JSON: Do not know how to serialize a BigInt',
    ],
  ])('has nothing kept for repeats where it gives %s, and says so', async (_, found, message) => {
    const { ask, runtime } = await deserted(() => found as Reconciled);
    expect(await outcomeOf(ask())).toMatchObject({ why: 'outcome-unknown' });
    const failures = runtime.sink.of('idempotency.hook-failed');
    expect(failures.map(({ error }) => (error as Error).message)).toEqual([message]);
  });

  test('is asked once, however many ask at once', async () => {
    const answer = Promise.withResolvers<Reconciled>();
    const { ask, asked } = await deserted(() => answer.promise);
    const first = ask();
    expect(await outcomeOf(ask())).toMatchObject({ why: 'in-progress' });
    answer.resolve({ outcome: 'done', result: 1 });
    expect([await first, await ask(), asked.length]).toEqual([1, 1, 1]);
  });

  test('waits for a lease after work that failed, whose last call may still be under way', async () => {
    let arrived = false;
    const reconcile = (): Reconciled =>
      arrived ? { outcome: 'done', result: 'charged' } : { outcome: 'nothing-happened' };
    const { engine, another, runtime } = setting({ reconcile });
    const timedOut = engine.idempotent('order', () => Promise.reject(new Error('timed out')));
    await expect(timedOut).rejects.toThrow('timed out');
    const ask = () => outcomeOf(another().idempotent('order', () => 'charged again'));
    expect(await ask()).toMatchObject({ why: 'in-progress' });
    await runtime.clock.advanceAsync(LEASE - 1);
    expect(await ask()).toMatchObject({ why: 'in-progress' });
    arrived = true;
    await runtime.clock.advanceAsync(2);
    expect(await ask()).toBe('charged');
  });

  test('that hangs is given up after a lease', async () => {
    const { ask, asked, runtime } = await deserted(() => new Promise(() => {}));
    const first = ask().catch((error: unknown) => error);
    await runtime.clock.advanceAsync(LEASE - 1);
    expect(await outcomeOf(first)).toBe('pending');
    await runtime.clock.advanceAsync(2);
    expect(await outcomeOf(first)).toMatchObject({ why: 'outcome-unknown' });
    expect([asked.length, runtime.sink.of('idempotency.reconciled')]).toMatchObject([
      1,
      [{ outcome: 'failed' }],
    ]);
  });
});
