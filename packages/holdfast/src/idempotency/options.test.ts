import { describe, expect, test } from 'vitest';
import { setting } from '../../test/idempotency-setting.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { idempotency } from './engine.ts';

describe('wrong options are refused', () => {
  const store = memoryStore();
  const transacting = Object.assign(Object.create(store) as object, { transact: () => {} });
  const mode = 'transactional';
  test.each([
    [undefined, 'idempotency must be given an object of options, got undefined'],
    [{}, /idempotency.store must be a store.*, got undefined/],
    [{ store: {} }, /idempotency.store must be a store.*, got an object/],
    [
      { store: { ...memoryStore(), name: 'own', claim: () => null, extend: () => true } },
      /idempotency.store must be a store.*, got one without `checkpoint`$/,
    ],
    [{ stroe: store }, "idempotency.stroe is not an option; did you mean 'store'?"],
    [{ store, nmae: 'charges' }, "idempotency.nmae is not an option; did you mean 'name'?"],
    [{ store, ttl: '1d' }, /idempotency.ttl is not an option; known are name, store, mode, lease/],
    [{ store, name: 7 }, 'idempotency.name must be a non-empty string, got 7'],
    [{ store, lease: 1 }, /idempotency.lease must be a duration from 100 ?ms to 1 ?h, got 1/],
    [
      { store, lease: '1h', retention: '1m' },
      'idempotency.retention must be at least as long as idempotency.lease, got 60000ms, and a lease of 3600000ms',
    ],
    [{ store, mode }, /needs a store with transactions.*the memory store has none/],
    [
      { store, onExpiredLease: 'takeover', reconcile: () => ({ outcome: 'unknown' }) },
      /idempotency.reconcile is never asked with onExpiredLease 'takeover'/,
    ],
    [
      { store: transacting, mode, onExpiredLease: 'takeover' },
      /idempotency.onExpiredLease is never asked in mode 'transactional'/,
    ],
    [
      { store: transacting, mode, reconcile: () => ({ outcome: 'unknown' }) },
      /idempotency.reconcile is never asked in mode 'transactional'/,
    ],
    [
      { store: transacting, mode, onStoreDown: 'open' },
      /idempotency.onStoreDown must be 'closed' in mode 'transactional'/,
    ],
    [{ store, mode: 'x' }, /idempotency.mode must be one of/],
    [{ store, name: '' }, /idempotency.name/],
    [{ store, leese: '1s' }, /idempotency.leese is not an option.*lease/],
  ])('%j', (options, message) => {
    expect(() => idempotency(options as never)).toThrow(message);
  });

  test.each([
    ['', /key must be a string of 1 to 1024 characters, got one of 0/],
    ['x'.repeat(1025), /got one of 1025/],
    [1, /got number/],
  ])('and so is the key %j', async (key, message) => {
    const { engine } = setting();
    await expect(engine.idempotent(key as string, () => 1)).rejects.toThrow(message);
  });

  test('and so is what is no function to run', async () => {
    const { engine } = setting();
    const asked = engine.idempotent('k', Promise.resolve(1) as never);
    await expect(asked).rejects.toThrow('needs a function to run, got an instance of Promise');
  });

  test.each([
    [{ paylod: { amount: 1 } }, "idempotent.paylod is not an option; did you mean 'payload'?"],
    [{ signal: new AbortController() }, 'idempotent.signal must be an AbortSignal, got '],
    [{ signal: null }, 'idempotent.signal must be an AbortSignal, got null'],
    [null, 'idempotent must be given an object of options, got null'],
    [[], 'idempotent must be given an object of options, got an array'],
    [new Map(), 'idempotent must be given an object of options, got an instance of Map'],
  ])('of one piece of work too, where diagnostics are on: %o', async (given, message) => {
    const runtime = { ...testRuntime(), diagnostics: true };
    const engine = idempotency({ store: memoryStore() }, runtime);
    const asked = engine.idempotent('k', () => 1, given as never);
    await expect(asked).rejects.toThrow(TypeError);
    await expect(asked).rejects.toThrow(message);
    expect(await engine.idempotent('k', () => 2, { payload: 1, scope: [] })).toBe(2);
  });

  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  test.each([
    [new Map(), 'a Map is not JSON'],
    [{ cents: Number.NaN }, 'NaN is not JSON'],
    [circle, 'it is nested deeper than 100 levels'],
  ])('and so is a payload that cannot be compared: %o', async (payload, why) => {
    const { engine } = setting();
    const asked = engine.idempotent('k', () => 1, { payload });
    await expect(asked).rejects.toThrow(
      new TypeError(`idempotent.payload must be JSON or bytes: ${why}`),
    );
  });
});
