import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { sqliteStore } from '../stores/sqlite/index.ts';
import { idempotency } from './engine.ts';
import type { Reconciled } from './idempotency.ts';
import { safeToRetry } from './options.ts';
import {
  endedUntold,
  type FlakyStore,
  outcomeOf,
  setting,
  Work,
} from '../../test/idempotency-setting.ts';
import { temporaryFolder } from '../../test/sqlite-files.ts';

const LEASE = 30_000;
const CLOSED = { code: 'IDEMPOTENCY_STORE', message: expect.stringContaining('closed') as string };

/** From now on claims reach the store when this is called. */
function delayed(store: FlakyStore): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { claim } = store;
  store.claim = (asked) => promise.then(() => claim(asked));
  return resolve;
}

describe('close', () => {
  test('refuses whoever comes later, also where a store that is down would not', async () => {
    const { engine, runtime, store } = setting({ onStoreDown: 'open' });
    await engine.idempotent('done', () => 1);
    await engine.close();
    const work = vi.fn<() => number>(() => 2);
    for (const key of ['done', 'new']) {
      expect(await outcomeOf(engine.idempotent(key, work))).toMatchObject(CLOSED);
    }
    expect([work.mock.calls, store.claims.length]).toEqual([[], 1]);
    const hows = runtime.sink.of('idempotency.opened').map(({ how }) => how);
    expect(hows).toEqual(['claimed', 'closed', 'closed']);
  });

  test('leaves work that goes on its key: nobody may find out that nothing has happened, or take over', async () => {
    const { engine, another, runtime } = setting({ onExpiredLease: 'takeover' });
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    await engine.close();
    await runtime.clock.advanceAsync(3 * LEASE);
    const ask = () => outcomeOf(another().idempotent('k', () => 2));
    expect(await ask()).toMatchObject({ why: 'in-progress' });
    work.end('late');
    expect([await first, await ask()]).toEqual(['late', 'late']);
    expect(runtime.clock.armed).toBe(0);
  });

  test('leaves no heartbeat behind where the store is closed as well', async () => {
    const { engine, runtime, store } = setting();
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    await engine.close();
    store.mood = 'down';
    await runtime.clock.advanceAsync(2 * LEASE);
    expect([runtime.sink.of('idempotency.lease-lost').length, runtime.clock.armed]).toEqual([1, 0]);
  });

  test('sends those away that wait for another', async () => {
    const { engine, another, runtime, store } = setting({ wait: '1h' });
    const work = new Work();
    void another().idempotent('k', work.run);
    const repeat = engine.idempotent('k', work.run).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(10);
    expect(engine.snapshot()).toMatchObject({ waiting: 1 });
    await engine.close();
    expect(await repeat).toMatchObject(CLOSED);
    expect(work.begun).toBe(1);
    const steps = store.steps.length;
    await runtime.clock.advanceAsync(1000);
    expect([engine.snapshot()['waiting'], store.steps.length]).toEqual([0, steps]);
  });

  test('does no work unprotected since the client goes after it, before an earlier claim is answered', async () => {
    const { engine, runtime, store } = setting({ onStoreDown: 'open' });
    const client = Promise.withResolvers<never>();
    store.claim = () => client.promise;
    const work = vi.fn<() => number>(() => 1);
    const asked = engine.idempotent('k', work);
    await runtime.clock.advanceAsync(1);
    await engine.close();
    client.reject(new Error('the connection is closed'));
    expect(await outcomeOf(asked)).toMatchObject(CLOSED);
    expect([work.mock.calls, runtime.clock.armed]).toEqual([[], 0]);
    expect(runtime.sink.of('idempotency.opened')).toMatchObject([{ how: 'closed' }]);
  });

  test('does not begin what is granted after it: the key is given back, as if it had not been asked for', async () => {
    const { engine, another, runtime, store } = setting({ onStoreDown: 'open' });
    const answer = delayed(store);
    const work = vi.fn<() => number>(() => 1);
    const asked = engine.idempotent('k', work);
    await runtime.clock.advanceAsync(1);
    await engine.close();
    answer();
    expect(await outcomeOf(asked)).toMatchObject(CLOSED);
    expect([work.mock.calls, store.steps]).toEqual([[], ['claim', 'release']]);
    expect(runtime.sink.of('idempotency.opened')).toMatchObject([{ how: 'closed' }]);
    expect(await another().idempotent('k', () => 2)).toBe(2);
  });

  test('nor what SQLite grants as its file is closed, which is told so before', async () => {
    const path = join(temporaryFolder(), 'keys.db');
    const open = () => idempotency({ store: sqliteStore(path), startCheck: false });
    const engine = open();
    const work = vi.fn<() => number>(() => 1);
    const asked = engine.idempotent('k', work).catch((error: unknown) => error);
    await engine.close();
    const another = open();
    expect(await another.idempotent('k', () => 2)).toBe(2);
    await another.close();
    expect([await asked, work.mock.calls]).toMatchObject([CLOSED, []]);
  });

  test('nor what is taken over after it, of which still nobody knows what was done before', async () => {
    const { engine, another, runtime, store } = setting({ onExpiredLease: 'takeover' });
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE + 1);
    store.mood = 'well';
    const later = another({ store });
    const answer = delayed(store);
    const work = vi.fn<() => number>(() => 1);
    const asked = later.idempotent('k', work);
    await later.close();
    answer();
    expect([await outcomeOf(asked), work.mock.calls]).toMatchObject([CLOSED, []]);
    const refusing = another({ onExpiredLease: 'refuse' });
    const repeat = await outcomeOf(refusing.idempotent('k', work));
    expect(repeat).toMatchObject({ why: 'outcome-unknown' });
    expect(await another().idempotent('k', ({ attempt }) => attempt)).toBe(3);
  });

  test('nor what a repeat is granted after it that has waited for another', async () => {
    const { engine, another, runtime, store } = setting({ wait: '1h' });
    const other = new Work();
    const first = another().idempotent('k', other.run);
    const work = vi.fn<() => number>(() => 1);
    const repeat = engine.idempotent('k', work);
    await runtime.clock.advanceAsync(1);
    const answer = delayed(store);
    other.fail(safeToRetry(new Error('no')));
    await outcomeOf(first);
    await runtime.clock.advanceAsync(1000);
    await engine.close();
    answer();
    expect([await outcomeOf(repeat), work.mock.calls]).toMatchObject([CLOSED, []]);
    expect(await another().idempotent('k', () => 2)).toBe(2);
  });

  test('leaves a key to its lease that it can give back no more', async () => {
    const { engine, another, runtime, store } = setting();
    const answer = delayed(store);
    store.release = () => Promise.reject(new Error('the connection is closed'));
    const work = vi.fn<() => number>(() => 1);
    const asked = engine.idempotent('k', work);
    await engine.close();
    answer();
    expect([await outcomeOf(asked), work.mock.calls]).toMatchObject([CLOSED, []]);
    const repeat = () => outcomeOf(another().idempotent('k', work));
    expect(await repeat()).toMatchObject({ why: 'in-progress' });
    await runtime.clock.advanceAsync(LEASE);
    expect(await repeat()).toMatchObject({ why: 'outcome-unknown' });
  });

  test('leaves no timer behind of a store that is down', async () => {
    const { engine, runtime, store } = setting();
    store.mood = 'down';
    for (let i = 0; i < 8; i++) await outcomeOf(engine.idempotent(`k${i}`, () => 1));
    expect(engine.snapshot()).toMatchObject({ breaker: 'open', background: 5 });
    await engine.close();
    await runtime.clock.advanceAsync(0);
    expect([engine.snapshot()['background'], runtime.clock.armed]).toEqual([0, 0]);
  });

  test('lets reconcile find out what it was asked, since nobody asks it again', async () => {
    const found = Promise.withResolvers<Reconciled>();
    const { engine, another, runtime, store } = setting({ reconcile: () => found.promise });
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE + 1);
    const looking = another();
    const asked = looking.idempotent('k', () => 'again');
    await runtime.clock.advanceAsync(1);
    await looking.close();
    found.resolve({ outcome: 'done', result: 'charged' });
    expect([await asked, await another().idempotent('k', () => 'again')]).toEqual([
      'charged',
      'charged',
    ]);
  });
});

describe('a close that waits', () => {
  test('ends with the last that runs, which is protected as before', async () => {
    const { engine, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    const closed = engine.close({ wait: '10m' });
    await runtime.clock.advanceAsync(LEASE);
    expect([await outcomeOf(closed), store.steps]).toEqual([
      'pending',
      ['claim', 'extend', 'extend', 'extend'],
    ]);
    expect(await outcomeOf(engine.idempotent('other', () => 1))).toMatchObject(CLOSED);
    work.end('done');
    expect(await first).toBe('done');
    await runtime.clock.advanceAsync(100);
    expect([await outcomeOf(closed), runtime.clock.armed]).toEqual([undefined, 0]);
  });

  test('waits for work that goes on without the store, too', async () => {
    const { engine, runtime, store } = setting({ onStoreDown: 'open' });
    const closing = vi.spyOn(store, 'close');
    store.mood = 'down';
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    // By then the claim has been given back that was not answered.
    store.mood = 'well';
    const closed = engine.close({ wait: '1h' });
    await runtime.clock.advanceAsync(LEASE);
    expect([work.begun, closing.mock.calls.length]).toEqual([1, 0]);
    work.end('done');
    await runtime.clock.advanceAsync(100);
    await closed;
    expect([await first, closing.mock.calls.length]).toEqual(['done', 1]);
  });

  test('ends at once when nothing runs, on a clock that stands still, too', async () => {
    const { engine, runtime } = setting();
    await engine.close({ wait: '10m' });
    expect(runtime.clock.armed).toBe(0);
  });

  test('ends when what could not be told is told', async () => {
    const made = setting();
    const { engine, another, runtime, store } = made;
    const { first } = await endedUntold(made, 300);
    const closed = engine.close({ wait: '1m' });
    await runtime.clock.advanceAsync(1000);
    expect([await first, await outcomeOf(closed)]).toEqual(['charged', 'pending']);
    store.mood = 'well';
    await runtime.clock.advanceAsync(5000);
    expect(await outcomeOf(closed)).toBe(undefined);
    expect(await another().idempotent('k', () => 2)).toBe('charged');
  });

  test('lets those have the answer that wait for it', async () => {
    const { engine, runtime } = setting({ wait: '1m' });
    const work = new Work();
    const both = [1, 2].map(() => engine.idempotent('k', work.run));
    await runtime.clock.advanceAsync(1);
    const closed = engine.close({ wait: '1m' });
    work.end('done');
    await runtime.clock.advanceAsync(100);
    expect([await Promise.all(both), await closed]).toEqual([['done', 'done'], undefined]);
  });

  test('waits for who has asked for a key before, and does the work then', async () => {
    const { engine, runtime, store } = setting();
    const answer = delayed(store);
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    const closed = engine.close({ wait: '1m' });
    await runtime.clock.advanceAsync(500);
    expect(await outcomeOf(closed)).toBe('pending');
    answer();
    await runtime.clock.advanceAsync(500);
    expect([await outcomeOf(closed), work.begun]).toEqual(['pending', 1]);
    work.end('done');
    await runtime.clock.advanceAsync(100);
    expect([await first, await closed]).toEqual(['done', undefined]);
  });

  test('gives work that runs the keys that it still asks for: it would fail in the middle', async () => {
    const { engine, runtime } = setting();
    const work = new Work();
    const order = engine.idempotent('order', async () => {
      await work.run();
      return engine.idempotent('charge', () => 'charged');
    });
    await runtime.clock.advanceAsync(1);
    const closed = engine.close({ wait: '1m' });
    expect(await outcomeOf(engine.idempotent('other', () => 1))).toMatchObject(CLOSED);
    work.end(1);
    expect(await outcomeOf(order)).toBe('charged');
    await runtime.clock.advanceAsync(100);
    expect(await outcomeOf(closed)).toBe(undefined);
  });

  test("refuses a key that another engine's work asks for: nobody has it wait for that", async () => {
    const { engine, another } = setting();
    void engine.idempotent('own', () => new Promise(() => {}));
    let inner: unknown;
    await another().idempotent('outer', async () => {
      void engine.close({ wait: '10s' });
      inner = await outcomeOf(engine.idempotent('inner', () => 1));
    });
    expect(inner).toMatchObject(CLOSED);
  });

  test('lets who has opened a key, as middleware does, do its steps; of further keys nobody knows whose they are', async () => {
    const { engine, runtime } = setting();
    const opened = await engine.open({ key: 'k', scope: [], fingerprint: '-' });
    if (opened.kind !== 'run') throw new Error('it is the first');
    const { execution } = opened;
    const closed = engine.close({ wait: '1m' });
    expect(await execution.step('charged', () => 'ch_1')).toBe('ch_1');
    expect(await outcomeOf(engine.idempotent('charge', () => 1))).toMatchObject(CLOSED);
    expect(await execution.complete('done')).toEqual({ kind: 'kept' });
    await runtime.clock.advanceAsync(100);
    expect(await outcomeOf(closed)).toBe(undefined);
  });

  test('is over when its time is, or another close does not wait', async () => {
    for (const isHurried of [false, true]) {
      const { engine, runtime } = setting();
      void engine.idempotent('k', () => new Promise(() => {}));
      await runtime.clock.advanceAsync(1);
      const closed = engine.close({ wait: 1000 });
      await runtime.clock.advanceAsync(900);
      expect(await outcomeOf(closed)).toBe('pending');
      if (isHurried) await engine.close();
      await runtime.clock.advanceAsync(100);
      expect(await outcomeOf(closed)).toBe(undefined);
    }
  });

  test('says what is wrong with how long', async () => {
    const { engine } = setting();
    await expect(engine.close({ wait: '2h' })).rejects.toThrow('idempotency.close.wait must be');
    await expect(engine.close({ wiat: 1 } as never)).rejects.toThrow(
      "idempotency.close.wiat is not an option; did you mean 'wait'?",
    );
    expect(await engine.idempotent('k', () => 1)).toBe(1);
  });
});
