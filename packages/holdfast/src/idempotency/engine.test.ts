import { describe, expect, test } from 'vitest';
import { storeOver } from '../../torture/store-over.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { idempotency } from './engine.ts';
import { safeToRetry } from './options.ts';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';

describe('work', () => {
  test('is done once for a key, and repeats get what it answered', async () => {
    const { engine, another } = setting();
    let done = 0;
    const work = async () => ({ charge: ++done });
    const first = await engine.idempotent('order-1', work);
    expect([first, await engine.idempotent('order-1', work)]).toEqual([
      { charge: 1 },
      { charge: 1 },
    ]);
    expect(await another().idempotent('order-1', work)).toEqual({ charge: 1 });
    expect(await engine.idempotent('order-2', work)).toEqual({ charge: 2 });
  });

  test.each([undefined, null, 0, '', [], { a: [1, 'ü\n'] }])('may answer %j', async (value) => {
    const { engine } = setting();
    const answers = [
      await engine.idempotent('k', () => value),
      await engine.idempotent('k', () => 1),
    ];
    expect(answers).toEqual([value, value ?? null]);
  });

  test('that answers no JSON is known to have been done, and nobody does it again', async () => {
    const { engine } = setting();
    const first = engine.idempotent('k', () => 1n);
    await expect(first).rejects.toThrow(/idempotent work answers must be JSON: .*BigInt/);
    await expect(engine.idempotent('k', () => 2)).rejects.toMatchObject({ why: 'outcome-unknown' });
  });

  test('is known to stores by hashes, and by nothing else of what was asked', async () => {
    const runtime = testRuntime();
    const records = memoryStore({}, runtime);
    const told: Record<string, unknown>[] = [];
    const step =
      <A extends [object, ...unknown[]], T>(run: (...given: A) => T) =>
      (...given: A): T => {
        told.push({ ...given[0] });
        return run(...given);
      };
    const store = storeOver(records, {
      claim: step((request) => records.claim(request)),
      extend: step((owned, lease) => records.extend(owned, lease)),
      checkpoint: step((owned, point, lease) => records.checkpoint(owned, point, lease)),
      complete: step((owned, result, retention) => records.complete(owned, result, retention)),
      release: step((owned) => records.release(owned)),
    });
    const engine = idempotency({ store }, runtime);
    const asked = { scope: ['tenant'], signal: new AbortController().signal };
    await engine.idempotent('done', ({ step: one }) => one('step', () => 1), asked);
    const nothing = safeToRetry(new Error('nothing has happened'));
    await engine.idempotent('given back', () => Promise.reject(nothing), asked).catch(() => {});
    await engine.idempotent('unknown', () => Promise.reject(new Error()), asked).catch(() => {});
    const names = new Set(told.flatMap(Object.keys));
    expect([...names]).toEqual(['id', 'token', 'fingerprint', 'retention', 'lease', 'expired']);
    expect(told).toHaveLength(7);
  });

  test('is refused while another does it, with the time to come back', async () => {
    const { engine, another, runtime } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(10);
    const refused = await outcomeOf(another().idempotent('k', work.run));
    expect(refused).toMatchObject({
      code: 'IDEMPOTENCY_CONFLICT',
      why: 'in-progress',
      retryAfter: 1000,
      status: 409,
    });
    work.end('done');
    expect([await first, work.begun]).toEqual(['done', 1]);
  });

  test('is refused by another engine, even one of the same name and randomness', async () => {
    const runtime = testRuntime();
    const options = { name: 'twin', store: memoryStore({}, runtime) };
    const [one, other] = [idempotency(options, runtime), idempotency(options, runtime)];
    void one.idempotent('k', () => new Promise(() => {}));
    await expect(other.idempotent('k', () => 2)).rejects.toMatchObject({ why: 'in-progress' });
  });

  test('is to be asked for again after about as long as it takes, or when its lease is over', async () => {
    const { engine, runtime, store } = setting();
    const works = [new Work(), new Work()] as const;
    const first = engine.idempotent('first', works[0].run);
    await runtime.clock.advanceAsync(20_000);
    works[0].end(1);
    await first;
    await engine.idempotent('second', () => 2);
    void engine.idempotent('k', works[1].run);
    await runtime.clock.advanceAsync(1);
    const ask = () => outcomeOf(engine.idempotent('k', works[1].run));
    // The newest counts for a fifth.
    expect(await ask()).toMatchObject({ retryAfter: 16_000 });
    store.mood = 'gone';
    await runtime.clock.advanceAsync(25_000);
    store.mood = 'well';
    expect(await ask()).toMatchObject({ retryAfter: 4999 });
  });

  test('is another in another scope, and under another name', async () => {
    const { engine, another } = setting();
    const answers = [
      await engine.idempotent('k', () => 'a', { scope: ['tenant 1'] }),
      await engine.idempotent('k', () => 'b', { scope: ['tenant 2'] }),
      await engine.idempotent('k', () => 'c', { scope: ['tenant 1', ''] }),
      await another({ name: 'other' }).idempotent('k', () => 'd', { scope: ['tenant 1'] }),
    ];
    expect(answers).toEqual(['a', 'b', 'c', 'd']);
  });

  test('for another payload is refused, even while the first is in progress', async () => {
    const { engine, runtime } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run, { payload: { amount: 1, currency: 'EUR' } });
    await runtime.clock.advanceAsync(0);
    const ask = (payload: unknown) => outcomeOf(engine.idempotent('k', work.run, { payload }));
    expect(await ask({ amount: 2, currency: 'EUR' })).toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
      status: 422,
    });
    expect(await ask({ currency: 'EUR', amount: 1 })).toMatchObject({ why: 'in-progress' });
    work.end(1);
    await first;
    expect(await ask({ amount: 2, currency: 'EUR' })).toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    });
    expect(await ask({ currency: 'EUR', amount: 1 })).toBe(1);
  });

  test('that changes its payload meanwhile is still asked for by the first one', async () => {
    const { engine } = setting();
    const payload = { items: [1] };
    await engine.idempotent('k', () => void payload.items.push(2), { payload });
    expect(await engine.idempotent('k', () => 'again', { payload: { items: [1] } })).toBe(null);
  });
});

describe('a failure', () => {
  test('leaves the outcome unknown', async () => {
    const { engine } = setting();
    const down = new Error('half done');
    const failing = engine.idempotent('k', () => Promise.reject(down));
    await expect(failing).rejects.toBe(down);
    const repeat = outcomeOf(engine.idempotent('k', () => 1));
    expect(await repeat).toMatchObject({ why: 'outcome-unknown', retryAfter: undefined });
  });

  test('before which nothing has happened releases the key', async () => {
    const { engine } = setting();
    const failing = engine.idempotent('k', () => {
      throw safeToRetry(new Error('bad card number'));
    });
    await expect(failing).rejects.toThrow('bad card number');
    expect(await engine.idempotent('k', () => 'now')).toBe('now');
  });

  test('may be judged by the options', async () => {
    const { engine } = setting({
      storeResult: (outcome) => (outcome.ok && outcome.value === 'no' ? 'release' : 'store'),
    });
    await engine.idempotent('k', () => 'no');
    expect(await engine.idempotent('k', () => 'yes')).toBe('yes');
    expect(await engine.idempotent('k', () => 'no')).toBe('yes');
  });

  test('may be held as unknown, a value as well', async () => {
    const { engine } = setting({ storeResult: () => 'hold' });
    expect(await engine.idempotent('k', () => 'perhaps')).toBe('perhaps');
    const repeat = engine.idempotent('k', () => 'again');
    await expect(repeat).rejects.toMatchObject({ why: 'outcome-unknown' });
  });

  test.each([
    ['a value', () => 1],
    ['an error', () => Promise.reject(new Error('no'))],
  ])('of an option leaves the outcome unknown: after %s', async (_, work) => {
    const { engine, runtime } = setting({
      storeResult: () => {
        throw new Error('typo');
      },
    });
    await expect(engine.idempotent('k', work)).rejects.toThrow('typo');
    await expect(engine.idempotent('k', work)).rejects.toMatchObject({ why: 'outcome-unknown' });
    expect([engine.snapshot()['running'], runtime.clock.armed]).toEqual([0, 0]);
  });
});

test('a record of another version is not done again', async () => {
  const { engine, another } = setting();
  const opened = await engine.open({ key: 'k', scope: [], fingerprint: '-' });
  if (opened.kind !== 'run') throw new Error(opened.kind);
  await opened.execution.complete('v9 what?');
  const repeat = another().idempotent('k', () => 'again');
  await expect(repeat).rejects.toMatchObject({ why: 'unreadable-record' });
});

describe('a value that is too long', () => {
  const maxResultLength = '"four"'.length;

  test("is the first asker's alone", async () => {
    const { engine, another } = setting({ maxResultLength });
    expect(await engine.idempotent('fits', () => 'four')).toBe('four');
    expect(await engine.idempotent('k', () => 'fives')).toBe('fives');
    expect(await another().idempotent('fits', () => 'again')).toBe('four');
    const repeat = another().idempotent('k', () => 'again');
    await expect(repeat).rejects.toThrow('it was done, and its result was too long to be kept');
    await expect(repeat).rejects.toMatchObject({ why: 'not-replayable' });
  });

  test('may be what was found out, too', async () => {
    const { engine, runtime, store } = setting({
      maxResultLength,
      reconcile: () => ({ outcome: 'done', result: 'fives' }),
    });
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(31_000);
    store.mood = 'well';
    const repeat = engine.idempotent('k', () => 'again');
    await expect(repeat).rejects.toMatchObject({ why: 'not-replayable' });
  });
});

test('nobody can guess the tokens of an engine in another process', async () => {
  const { engine, store } = setting();
  for (const key of ['a', 'b']) await engine.idempotent(key, () => 1);
  const [first, second] = store.claims.map(({ token }) => token);
  expect(first).toMatch(/^[0-9a-f]{32}-/);
  expect(second?.slice(0, 33)).toBe(first?.slice(0, 33));
  expect(second).not.toBe(first);
});

test('after its retention a key is new', async () => {
  const { engine, runtime } = setting({ retention: '1m' });
  await engine.idempotent('k', () => 1);
  await runtime.clock.advanceAsync(59_999);
  expect(await engine.idempotent('k', () => 2)).toBe(1);
  await runtime.clock.advanceAsync(2);
  expect(await engine.idempotent('k', () => 2)).toBe(2);
});

test('what has expired is reaped now and then, and on while there is much', async () => {
  const { engine, runtime, store } = setting();
  const ask = (key: string) => engine.idempotent(key, () => 1);
  const batches = [0, 100, 100, 3];
  const reaps: number[] = [];
  const { reap } = store;
  store.reap = async (limit) => {
    reaps.push(limit);
    await reap(limit);
    return batches.shift() ?? 0;
  };
  await ask('a');
  await ask('b');
  expect(reaps).toEqual([100]);
  await runtime.clock.advanceAsync(10_001);
  for (const key of ['c', 'd', 'e', 'f', 'g']) {
    await ask(key);
    await runtime.clock.advanceAsync(0);
  }
  expect(reaps).toEqual([100, 100, 100, 100]);
});

test('nothing is left when all has ended: no timer, no listener, no record of waiting', async () => {
  const { engine, runtime } = setting({ wait: '1s' });
  await Promise.all([1, 2, 3].map(() => engine.idempotent('k', async () => 1)));
  await runtime.clock.advanceAsync(0);
  expect(runtime.clock.armed).toBe(0);
  expect(engine.snapshot()).toMatchObject({ running: 0, waiting: 0, background: 0 });
});
