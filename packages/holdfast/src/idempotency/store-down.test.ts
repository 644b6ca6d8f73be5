import { describe, expect, test } from 'vitest';
import { endedUntold, outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { storeOver } from '../../torture/store-over.ts';
import type { Awaitable } from './awaitable.ts';
import { idempotency } from './engine.ts';
import type { Opened } from './idempotency.ts';
import type { Claim, ClaimRequest } from './store.ts';

describe('without the store', () => {
  test.each(['down', 'gone'] as const)('work is refused: %s', async (mood) => {
    const { engine, runtime, store } = setting();
    store.mood = mood;
    const work = new Work();
    const refused = outcomeOf(engine.idempotent('k', work.run).catch((error: unknown) => error));
    const ask = engine.idempotent('k', work.run).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1010);
    void refused;
    expect(await ask).toMatchObject({ code: 'IDEMPOTENCY_STORE', status: 503, retryAfter: 1000 });
    expect(work.begun).toBe(0);
  });

  test('work may go on unprotected, which is counted', async () => {
    const { engine, runtime, store } = setting({ onStoreDown: 'open' });
    store.mood = 'down';
    const answers = await Promise.all([1, 2].map((n) => engine.idempotent('k', () => n)));
    expect(answers).toEqual([1, 2]);
    const how = runtime.sink
      .of('idempotency.opened')
      .map((event) => (event as { how?: string }).how);
    expect(how).toEqual(['unprotected', 'unprotected']);
  });

  test('work that goes on unprotected asks others by the same derived keys', async () => {
    const { engine, store } = setting({ onStoreDown: 'open', storeResult: () => 'release' });
    const derived = () =>
      engine.idempotent('k', ({ keyFor }) => keyFor('charge'), { scope: ['tenant'] });
    const usual = await derived();
    store.mood = 'down';
    expect(await derived()).toBe(usual);
  });

  test('claims are refused at once after a few, and let in again when it is back', async () => {
    const { engine, runtime, store } = setting();
    store.mood = 'down';
    const ask = (key: string) => outcomeOf(engine.idempotent(key, () => 1));
    for (let i = 0; i < 9; i++) await ask(`k${i}`);
    expect(store.steps.filter((step) => step === 'claim')).toHaveLength(5);
    expect(engine.snapshot()).toMatchObject({ breaker: 'open' });
    const failed = runtime.sink.of('idempotency.store-failed');
    expect(failed.filter(({ step }) => step === 'claim')).toHaveLength(5);
    store.mood = 'well';
    await runtime.clock.advanceAsync(2000);
    expect(await ask('later')).toBe(1);
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(`later-${n}`)));
    expect(new Set(all)).toEqual(new Set([1]));
  });

  test('who is refused is told to come back when it may be asked again', async () => {
    const { engine, runtime, store } = setting();
    store.mood = 'down';
    const ask = () => outcomeOf(engine.idempotent('k', () => 1));
    for (let i = 0; i < 8; i++) {
      await ask();
      await runtime.clock.advanceAsync(1300);
    }
    for (let i = 0; i < 3; i++) await ask();
    const { retryAfter } = (await ask()) as { retryAfter: number };
    expect(retryAfter).toBeGreaterThan(1000);
    expect(retryAfter).toBeLessThan(6001);
  });

  test('a result is kept when it is back, and its caller has it already', async () => {
    const made = setting();
    const { another, runtime, store } = made;
    const { work, first } = await endedUntold(made, 300);
    expect(await first).toBe('charged');
    expect(await outcomeOf(another().idempotent('k', work.run))).toMatchObject({
      why: 'in-progress',
    });
    await runtime.clock.advanceAsync(3000);
    store.mood = 'well';
    await runtime.clock.advanceAsync(6000);
    expect(await another().idempotent('k', work.run)).toBe('charged');
    expect(runtime.clock.armed).toBe(0);
  });

  test('for longer than the lease, a result stays unknown', async () => {
    const made = setting();
    const { engine, another, runtime, store } = made;
    const { work, first } = await endedUntold(made, 60_000);
    await first;
    const refused = outcomeOf(another().idempotent('k', work.run));
    expect(await refused).toMatchObject({ why: 'outcome-unknown' });
    const ends = runtime.sink
      .of('idempotency.ended')
      .map((event) => (event as { how?: string }).how);
    expect(ends).toEqual(['untold']);
    expect(engine.snapshot()).toMatchObject({ running: 0, background: 0 });
    // The work is over: what is told of it is its result, and no sign of life.
    expect(new Set(store.steps)).toEqual(new Set(['claim', 'complete']));
  });

  test('a step of work whose lease may be over is done all the same', async () => {
    const { engine, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', async ({ step }) => {
      await work.run();
      return step('charged', () => 'done');
    });
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    // At the last heartbeat the lease was not over yet, at the step it is.
    await runtime.clock.advanceAsync(30_000);
    work.end(null);
    await runtime.clock.advanceAsync(1000);
    expect(await outcomeOf(first)).toBe('done');
  });

  test('no more than a thousand claims are given back at a time', async () => {
    const { engine, runtime, store } = setting();
    store.mood = 'gone';
    for (let i = 0; i < 1100; i++) engine.idempotent(`k${i}`, () => 1).catch(() => {});
    await runtime.clock.advanceAsync(1010);
    expect(engine.snapshot()).toMatchObject({ background: 1000 });
    await engine.close();
  });

  test('a step that was done does not fail the work', async () => {
    const { engine, another, runtime, store } = setting();
    const done: string[] = [];
    const first = engine.idempotent('k', async ({ step, points }) => {
      store.mood = 'down';
      const one = await step('one', () => (done.push('one'), 1));
      store.mood = 'well';
      const again = await step('one', () => (done.push('again'), 2));
      return [one, again, points.get('one')];
    });
    await runtime.clock.advanceAsync(1000);
    expect([await first, done]).toEqual([[1, 1, 1], ['one']]);
    expect(await another().idempotent('k', () => 0)).toEqual([1, 1, 1]);
    expect(store.steps.filter((step) => step === 'checkpoint')).toHaveLength(3);
  });
});

describe('an answer of the store that is lost', () => {
  test('to a complete is no lease lost: it is asked again', async () => {
    const { engine, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    store.mood = 'silent';
    work.end('charged');
    await runtime.clock.advanceAsync(1001);
    store.mood = 'well';
    await runtime.clock.advanceAsync(100);
    expect(await first).toBe('charged');
    expect(store.steps.slice(-3)).toEqual(['complete', 'complete', 'claim']);
  });

  test('to a complete that the client has sent again by itself is no lease lost either', async () => {
    const { engine, runtime, store } = setting();
    const { complete } = store;
    store.complete = async (...given) => {
      await complete(...given);
      return complete(...given);
    };
    expect(await engine.idempotent('k', () => 'charged')).toBe('charged');
    expect(runtime.sink.of('idempotency.ended')).toMatchObject([{ how: 'kept' }]);
    expect(await engine.idempotent('k', () => 'again')).toBe('charged');
  });

  test('to a claim does not lock the key: it is given back', async () => {
    const { engine, another, runtime, store } = setting();
    store.mood = 'silent';
    const refused = engine.idempotent('k', () => 1).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1010);
    expect(await refused).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
    store.mood = 'well';
    expect(await outcomeOf(another().idempotent('k', () => 2))).toMatchObject({
      why: 'in-progress',
    });
    await runtime.clock.advanceAsync(1000);
    expect(await another().idempotent('k', () => 2)).toBe(2);
    await runtime.clock.advanceAsync(60_000);
    expect(store.steps).toEqual(['claim', 'release']);
    expect(runtime.clock.armed).toBe(0);
  });

  test('until the lease is over is no grant: another may have the key by then', async () => {
    const { engine, another, runtime, store } = setting({
      lease: '1s',
      storeTimeout: '5s',
      onExpiredLease: 'takeover',
    });
    const { claim } = store;
    const answered = Promise.withResolvers<void>();
    store.claim = async (request) => {
      const granted = await claim(request);
      await answered.promise;
      return granted;
    };
    const work = new Work();
    const late = engine.idempotent('k', work.run).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1001);
    expect(await another().idempotent('k', () => 'mine')).toBe('mine');
    answered.resolve();
    expect(await outcomeOf(late)).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
    expect(work.begun).toBe(0);
  });

  test('to a release frees the key later', async () => {
    const { engine, another, runtime, store } = setting({ storeResult: () => 'release' });
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    work.end(1);
    await runtime.clock.advanceAsync(1001);
    expect(await first).toBe(1);
    store.mood = 'well';
    await runtime.clock.advanceAsync(2000);
    expect(await another().idempotent('k', () => 2)).toBe(2);
  });
});

test('close ends what goes on in the background', async () => {
  const { engine, runtime, store } = setting();
  const work = new Work();
  const first = engine.idempotent('k', work.run);
  await runtime.clock.advanceAsync(1);
  store.mood = 'down';
  work.end(1);
  await runtime.clock.advanceAsync(300);
  await first;
  expect(engine.snapshot()).toMatchObject({ background: 1 });
  await engine.close();
  await runtime.clock.advanceAsync(0);
  expect([engine.snapshot()['background'], runtime.clock.armed]).toEqual([0, 0]);
});

test('what cannot be told after close is over, and said to be untold', async () => {
  const { engine, runtime, store } = setting();
  const works = [new Work(), new Work()] as const;
  const all = Promise.allSettled(works.map(({ run }, n) => engine.idempotent(`k${n}`, run)));
  await runtime.clock.advanceAsync(1);
  await engine.close();
  store.mood = 'down';
  works[0].end(1);
  works[1].fail(new Error('no'));
  await runtime.clock.advanceAsync(300);
  await all;
  expect(runtime.sink.of('idempotency.ended')).toMatchObject([
    { how: 'untold' },
    { how: 'untold' },
  ]);
  expect([engine.snapshot()['running'], runtime.clock.armed]).toEqual([0, 0]);
});

describe('a store that answers at once', () => {
  const request = { key: 'k', scope: [], fingerprint: '-' };

  test('is not waited for', () => {
    const { engine } = inMemory();
    const opened = engine.open(request) as Opened<undefined>;
    if (opened.kind !== 'run') throw new Error(opened.kind);
    expect(opened.execution.complete('done')).toEqual({ kind: 'kept' });
    expect(engine.open(request)).toMatchObject({ kind: 'replay', result: 'done' });
  });

  test('is down when it throws, and up when it answers', async () => {
    const { engine, state } = inMemory();
    const ask = async (key: string) => await engine.open({ ...request, key });
    for (let i = 0; i < 4; i++) {
      state.isFull = true;
      expect(await ask('a')).toMatchObject({ error: { code: 'IDEMPOTENCY_STORE' } });
      expect(await ask('b')).toMatchObject({ error: { code: 'IDEMPOTENCY_STORE' } });
      state.isFull = false;
      expect(await ask(`c${i}`)).toMatchObject({ kind: 'run' });
    }
    state.isFull = true;
    for (let i = 0; i < 5; i++) await ask('d');
    expect(engine.snapshot()).toMatchObject({ breaker: 'open' });
  });
});

/** An engine over a store in memory that can be full, which it throws. */
function inMemory() {
  const inner = memoryStore();
  const state = { isFull: false };
  const claim = (asked: ClaimRequest): Awaitable<Claim> => {
    if (state.isFull) throw new Error('full');
    return inner.claim(asked);
  };
  return { state, engine: idempotency({ store: storeOver(inner, { claim }) }) };
}
