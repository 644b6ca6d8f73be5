import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';

test('repeats that wait all get the one answer, here at once and elsewhere within half a second', async () => {
  const { engine, another, runtime } = setting({ wait: '10s' });
  const work = new Work();
  const elsewhere = another();
  const all = [engine, engine, elsewhere].map((each) => each.idempotent('k', work.run));
  await runtime.clock.advanceAsync(5000);
  work.end('one');
  expect(await outcomeOf(all[1]!)).toBe('one');
  expect(await outcomeOf(all[2]!)).toBe('pending');
  await runtime.clock.advanceAsync(750);
  expect(await Promise.all(all)).toEqual(['one', 'one', 'one']);
  expect([work.begun, runtime.clock.armed]).toEqual([1, 0]);
});

test('who has waited long enough is refused', async () => {
  const { engine, runtime } = setting({ wait: '2s' });
  const work = new Work();
  void engine.idempotent('k', work.run);
  const second = engine.idempotent('k', work.run).catch((error: unknown) => error);
  await runtime.clock.advanceAsync(1999);
  expect(await outcomeOf(second)).toBe('pending');
  await runtime.clock.advanceAsync(2);
  expect(await outcomeOf(second)).toMatchObject({ why: 'in-progress' });
});

test('no more wait than may', async () => {
  const { engine, runtime } = setting({ wait: '2s', maxWaiters: 1 });
  const work = new Work();
  void engine.idempotent('k', work.run);
  const waits = engine.idempotent('k', work.run);
  await runtime.clock.advanceAsync(0);
  expect(engine.snapshot()).toMatchObject({ running: 1, waiting: 1 });
  expect(await outcomeOf(engine.idempotent('k', work.run))).toMatchObject({ why: 'in-progress' });
  work.end(1);
  expect(await waits).toBe(1);
});

test('an abort ends the wait with its reason, and nothing else', async () => {
  const { engine, runtime } = setting({ wait: '10s' });
  const work = new Work();
  const caller = new AbortController();
  const first = engine.idempotent('k', work.run, { signal: caller.signal });
  const second = engine.idempotent('k', work.run, { signal: caller.signal });
  await runtime.clock.advanceAsync(1);
  caller.abort('gone');
  expect(await outcomeOf(second)).toBe('gone');
  expect(await outcomeOf(first)).toBe('pending');
  work.end('done');
  expect(await first).toBe('done');
  expect(getEventListeners(caller.signal, 'abort')).toHaveLength(0);
  expect(await outcomeOf(engine.idempotent('k', work.run, { signal: caller.signal }))).toBe('gone');
});

test('when the first gives the key back, one of those who wait does the work', async () => {
  const { engine, another, runtime } = setting({ wait: '10s', storeResult: () => 'release' });
  const work = new Work();
  const first = engine.idempotent('k', work.run);
  let others = 0;
  const rest = [engine, engine, another()].map((each) =>
    each.idempotent('k', async () => `other ${++others}`),
  );
  await runtime.clock.advanceAsync(100);
  work.end('first');
  await runtime.clock.advanceAsync(10_000);
  expect(await first).toBe('first');
  expect((await Promise.all(rest)).toSorted()).toEqual(['other 1', 'other 2', 'other 3']);
});

test('a wait leaves no listener on a signal that lasts', async () => {
  const { engine, runtime } = setting({ wait: '10s' });
  const work = new Work();
  const { signal } = new AbortController();
  const all = [1, 2].map(() => engine.idempotent('k', work.run, { signal }));
  await runtime.clock.advanceAsync(1000);
  work.end(1);
  await Promise.all(all);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('when the owner has died, who waits is told as soon as its lease is over', async () => {
  const { engine, another, runtime, store } = setting({ wait: '60s', lease: '10s' });
  void engine.idempotent('k', () => new Promise(() => {}));
  await runtime.clock.advanceAsync(1);
  store.mood = 'gone';
  const waits = another()
    .idempotent('k', () => 1)
    .catch((error: unknown) => error);
  await runtime.clock.advanceAsync(9999);
  expect(await outcomeOf(waits)).toBe('pending');
  await runtime.clock.advanceAsync(26);
  expect(await outcomeOf(waits)).toMatchObject({ why: 'outcome-unknown' });
});

test('who has waited has as long for the work as anybody, from when it begins', async () => {
  const { engine, runtime } = setting({
    wait: '1h',
    maxDuration: '1m',
    storeResult: () => 'release',
  });
  const works = [new Work(), new Work()] as const;
  const all = works.map(({ run }) => engine.idempotent('k', run));
  await runtime.clock.advanceAsync(55_000);
  works[0].end('first');
  await runtime.clock.advanceAsync(50_000);
  works[1].end('second');
  expect(await Promise.all(all)).toEqual(['first', 'second']);
  expect(runtime.sink.of('idempotency.lease-lost')).toEqual([]);
  expect(runtime.sink.of('idempotency.ended')).toMatchObject([
    { duration: 55_000 },
    { duration: 50_000 },
  ]);
});
