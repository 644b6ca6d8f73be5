import { describe, expect, test } from 'vitest';
import { type HoldfastError, isHoldfastError } from '../core/errors.ts';
import { idempotency } from './engine.ts';
import type { Execution, Idempotency, Reconciled, Settlement } from './idempotency.ts';
import type { IdempotencyOptions } from './options.ts';
import { outcomeOf, setting, type Setting } from '../../test/idempotency-setting.ts';

const LEASE = 30_000;
const RECEIPT = { receipt: 7 };
const DONE: Settlement = { outcome: 'done', result: RECEIPT };
const NOT_DONE: Settlement = { outcome: 'nothing-happened' };

/** A key whose owner died a lease ago, and the engine of another process. */
async function deserted(options: Partial<IdempotencyOptions> = {}) {
  const made = setting(options);
  const { engine, another, runtime, store } = made;
  void engine.idempotent('order', begunAlone, { scope: ['tenant'], payload: 1 });
  await runtime.clock.advanceAsync(1);
  store.mood = 'gone';
  await runtime.clock.advanceAsync(LEASE + 1);
  const ask = (payload: unknown = 1) =>
    outcomeOf(another().idempotent('order', () => 'again', { scope: ['tenant'], payload }));
  const settle = (outcome: Settlement) => another().settle('order', outcome, { scope: ['tenant'] });
  return { ...made, ask, settle };
}

async function begunAlone({ step }: Execution): Promise<unknown> {
  await step('begun', () => 1);
  return new Promise(() => {});
}

/** Results are kept only once what this answers is resolved. */
function heldUp(store: Setting['store']): PromiseWithResolvers<void> {
  const { complete } = store;
  const goesOn = Promise.withResolvers<void>();
  store.complete = async (...asked) => {
    await goesOn.promise;
    return complete(...asked);
  };
  return goesOn;
}

/** The events of settling. */
const settledBy = ({ runtime }: Pick<Setting, 'runtime'>) =>
  runtime.sink.of('idempotency.settled').map(({ how }) => how);

describe('settle', () => {
  test('lets a result be replayed that a person has found', async () => {
    const made = await deserted();
    expect(await made.ask()).toMatchObject({ why: 'outcome-unknown' });
    expect(await made.settle(DONE)).toBe('settled');
    expect(await made.ask()).toEqual(RECEIPT);
    expect(await made.ask('something else')).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH' });
    expect(settledBy(made)).toEqual(['done']);
    // Nobody has worked.
    expect(made.runtime.sink.of('idempotency.ended')).toEqual([]);
  });

  test('lets the work be done if a person has found that nothing has happened', async () => {
    const made = await deserted();
    expect(await made.settle(NOT_DONE)).toBe('settled');
    expect(await made.ask('something else')).toBe('again');
    expect(settledBy(made)).toEqual(['nothing-happened']);
  });

  test('keeps its word for as long as any result', async () => {
    const { ask, settle, runtime } = await deserted({ retention: '1h' });
    await runtime.clock.advanceAsync(3_000_000);
    await settle(DONE);
    await runtime.clock.advanceAsync(3_599_000);
    expect(await ask()).toEqual(RECEIPT);
    await runtime.clock.advanceAsync(2000);
    expect(await ask()).toBe('again');
  });

  test('leaves a key alone whose outcome is not unknown, and says how it stands', async () => {
    const made = setting();
    const { engine, another } = made;
    const settle = () => another().settle('order', DONE);
    expect(await settle()).toBe('absent');
    const work = Promise.withResolvers<string>();
    const first = engine.idempotent('order', () => work.promise);
    expect(await settle()).toBe('in-progress');
    work.resolve('charged');
    expect(await first).toBe('charged');
    expect(await settle()).toBe('completed');
    expect(await another().idempotent('order', () => 'again')).toBe('charged');
    expect(settledBy(made)).toEqual(['absent', 'in-progress', 'completed']);
    expect(await another().settle('order', DONE, { scope: ['tenant'] })).toBe('absent');
  });

  test.each<[string, Reconciled]>([
    ['could not tell', { outcome: 'unknown' }],
    ['has failed', undefined as never],
  ])('is what is left where reconcile %s', async (_what, found) => {
    const { ask, settle } = await deserted({ reconcile: () => found });
    expect(await ask()).toMatchObject({ why: 'outcome-unknown' });
    expect(await settle(DONE)).toBe('settled');
    expect(await ask()).toEqual(RECEIPT);
  });

  test('and reconcile: whoever comes first has the key', async () => {
    const answer = Promise.withResolvers<Reconciled>();
    const { another, settle } = await deserted({ reconcile: () => answer.promise });
    const again = () =>
      another().idempotent('order', () => 'again', { scope: ['tenant'], payload: 1 });
    const first = again();
    expect(await outcomeOf(first)).toBe('pending');
    expect(await settle(NOT_DONE)).toBe('in-progress');
    answer.resolve({ outcome: 'done', result: 'by the hook' });
    expect(await first).toBe('by the hook');
    expect(await settle(DONE)).toBe('completed');
  });

  test('forgets recovery points as well, also where work is taken over', async () => {
    const { settle, another } = await deserted({ onExpiredLease: 'takeover' });
    expect(await settle(NOT_DONE)).toBe('settled');
    const points = another().idempotent('order', (execution) => [...execution.points.keys()], {
      scope: ['tenant'],
    });
    expect(await points).toEqual([]);
  });

  test('writes a result as idempotent does, within the same limit, or as it is told', async () => {
    const { settle, ask } = await deserted({ maxResultLength: 5 });
    expect(await settle(DONE)).toBe('settled');
    expect(await ask()).toMatchObject({ why: 'not-replayable' });
    const { engine } = setting();
    const request = { key: 'k', scope: [], fingerprint: 'f' };
    const opened = await engine.open(request);
    if (opened.kind === 'run') await opened.execution.hold();
    await engine.settle('k', DONE, { encode: (value) => `as is: ${JSON.stringify(value)}` });
    expect(await engine.open(request)).toMatchObject({ result: 'as is: {"receipt":7}' });
  });

  test('that comes to nothing half way can be asked again after a lease', async () => {
    const made = await deserted();
    const { another, store, runtime, ask } = made;
    const { complete } = store;
    store.mood = 'well';
    store.complete = () => Promise.reject(new Error('connection reset'));
    const settling = another({ store }).settle('order', DONE, { scope: ['tenant'] });
    await expect(settling).rejects.toMatchObject({ code: 'IDEMPOTENCY_STORE', retryAfter: 1000 });
    store.complete = complete;
    expect(await made.settle(DONE)).toBe('in-progress');
    await runtime.clock.advanceAsync(LEASE);
    expect(await ask()).toMatchObject({ why: 'outcome-unknown' });
    expect(await made.settle(DONE)).toBe('settled');
    expect(settledBy(made)).toEqual(['in-progress', 'done']);
  });

  test.each([
    ['was done', DONE, RECEIPT],
    ['has not happened', NOT_DONE, 'again'],
  ])('believes a client that sent a command twice: it %s', async (_what, outcome, replay) => {
    const { another, store, ask } = await deserted();
    store.mood = 'well';
    const { complete, release } = store;
    store.complete = async (...asked) => (await complete(...asked)) && complete(...asked);
    store.release = async (...asked) => (await release(...asked)) && release(...asked);
    const settling = another({ store }).settle('order', outcome, { scope: ['tenant'] });
    expect(await settling).toBe('settled');
    expect(await ask()).toEqual(replay);
  });

  test('that hung while another has settled has not', async () => {
    const { another, store, settle, ask, runtime } = await deserted();
    store.mood = 'well';
    const hung = heldUp(store);
    const late = another({ store, storeTimeout: '1m' });
    const settling = late.settle('order', { outcome: 'done', result: 1 }, { scope: ['tenant'] });
    await runtime.clock.advanceAsync(LEASE + 1);
    expect(await settle(DONE)).toBe('settled');
    hung.resolve();
    expect(await settling).toBe('completed');
    expect(await ask()).toEqual(RECEIPT);
  });

  test('after nothing has happened still hears a late owner whose key nobody has used since', async () => {
    const { engine, another, store, runtime } = setting();
    const works = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
    const [free, used] = works.map(({ promise }, at) => {
      return engine.idempotent(`order ${at}`, () => promise).catch((error: unknown) => error);
    });
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE + 1000);
    store.mood = 'well';
    for (const key of ['order 0', 'order 1']) {
      expect(await another().settle(key, NOT_DONE)).toBe('settled');
    }
    expect(await another().idempotent('order 1', () => 'again')).toBe('again');
    for (const { resolve } of works) resolve('charged late');
    expect([await free, await used]).toMatchObject(['charged late', { code: 'LEASE_LOST' }]);
    const repeats = ['order 0', 'order 1'].map((key) =>
      another().idempotent(key, () => 'once more'),
    );
    expect(await Promise.all(repeats)).toEqual(['charged late', 'again']);
  });

  test('fails while the store is down, and once the engine is closed', async () => {
    const { engine, store, runtime } = setting();
    store.mood = 'down';
    const settling = outcomeOf(engine.settle('order', DONE));
    expect(await settling).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
    store.mood = 'well';
    await engine.close();
    await expect(engine.settle('order', DONE)).rejects.toThrow('the engine is closed');
    expect(settledBy({ runtime })).toEqual([]);
  });

  test('that was not let through to a store that is down says when to ask again', async () => {
    const { engine, store, runtime } = setting();
    store.mood = 'down';
    const settling = () => outcomeOf(engine.settle('order', DONE)) as Promise<HoldfastError>;
    const refusals: HoldfastError[] = [];
    // Each probe that fails makes the time to the next one longer.
    for (let failures = 0; failures < 30; failures++) {
      const error = await settling();
      if (isHoldfastError(error.cause, 'CIRCUIT_OPEN')) refusals.push(error);
      await runtime.clock.advanceAsync(1000);
    }
    const times = refusals.map(({ cause }) => (cause as HoldfastError).retryAfter!);
    expect(Math.max(...times)).toBeGreaterThan(1000);
    const told = times.map((time) => ['IDEMPOTENCY_STORE', Math.max(1000, time)]);
    expect(refusals.map(({ code, retryAfter }) => [code, retryAfter])).toEqual(told);
  });

  test('lets those go on at once who wait for the key', async () => {
    const { another, store, runtime } = await deserted({ wait: '1m' });
    store.mood = 'well';
    const slow = heldUp(store);
    const engine = another({ store });
    const settling = engine.settle('order', DONE, { scope: ['tenant'] });
    await runtime.clock.advanceAsync(1);
    const waits = engine.idempotent('order', () => 'again', { scope: ['tenant'], payload: 1 });
    await runtime.clock.advanceAsync(1);
    slow.resolve();
    expect(await settling).toBe('settled');
    expect(await outcomeOf(waits)).toEqual(RECEIPT);
  });

  test('begins no more once the engine closes, though that still waits for what runs', async () => {
    const { engine, store, runtime } = setting();
    const work = Promise.withResolvers<string>();
    const first = engine.idempotent('other', () => work.promise);
    await runtime.clock.advanceAsync(1);
    const closing = engine.close({ wait: '1h' });
    const asked = store.steps.length;
    await expect(engine.settle('order', DONE)).rejects.toThrow('the engine is closed');
    expect(store.steps).toHaveLength(asked);
    work.resolve('done');
    await runtime.clock.advanceAsync(100);
    expect(await first).toBe('done');
    await closing;
  });

  test('has a close wait for it that waits', async () => {
    const { engine, store, runtime } = setting();
    store.mood = 'gone';
    const settling = engine.settle('order', DONE).catch((error: unknown) => error);
    const closing = engine.close({ wait: '1h' });
    await runtime.clock.advanceAsync(500);
    expect(await outcomeOf(closing)).toBe('pending');
    await runtime.clock.advanceAsync(1000);
    await closing;
    expect(await settling).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
  });

  test('is refused by a store that knows no claims without a fingerprint', async () => {
    const { engine, store } = setting();
    store.claim = () => Promise.resolve({ kind: 'mismatch' });
    const { cause } = (await outcomeOf(engine.settle('order', DONE))) as Error;
    expect(cause).toEqual(
      new Error(`the memory store has answered 'mismatch' to a claim without a fingerprint`),
    );
  });

  test.each([
    [['', DONE], /the key must be a string of 1 to 1024 characters, got one of 0/],
    [['k', DONE, { scope: 'tenant' }], /the scope must be an array of strings/],
    [['k', DONE, { scop: [] }], /settle\.scop is not an option; did you mean 'scope'\?/],
    [['k', DONE, { encode: 'json' }], /settle\.encode must be a function, got "json"/],
    [['k', DONE, null], /settle must be given an object of options, got null/],
    [['k', { outcome: 'unknown' }], /'done' or 'nothing-happened', got "unknown"/],
    [['k', undefined], /'done' or 'nothing-happened', got undefined/],
    [['k', { outcome: 'done', results: 1 }], /settle must be given a result with outcome 'done'/],
    [['k', { outcome: 'done', result: 1n }], /^the result of settle must be JSON: .*BigInt/],
    [
      ['k', { outcome: 'done', result: Promise.resolve(1) }],
      /settle must be given a result, got a promise: it must be awaited/,
    ],
    [['k', DONE, { encode: () => 'a\0' }], /settle: what encode answers must be a string without/],
  ])('says what is wrong, and asks no store: %#', async (given, message) => {
    const { engine, store } = setting();
    const settling = engine.settle(...(given as [string, Settlement]));
    await expect(settling).rejects.toThrow(message);
    await expect(settling).rejects.toThrow(TypeError);
    expect(store.steps).toEqual([]);
  });

  test('has nothing to do in transactions', async () => {
    const { store, runtime } = setting();
    const transactional = Object.assign(store, { transact: () => Promise.reject(new Error()) });
    const engine = idempotency({ store: transactional, mode: 'transactional' }, runtime);
    // The compiler says so too.
    const settling = (engine as unknown as Idempotency).settle('k', DONE);
    await expect(settling).rejects.toThrow(/settle has nothing to do in mode 'transactional'/);
    expect(store.steps).toEqual([]);
  });
});
