import { describe, expect, test, vi } from 'vitest';
import { systemRuntime } from '../runtime/system.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/index.ts';
import { outcomeOf, setting } from '../../test/idempotency-setting.ts';
import { idempotency } from './engine.ts';

const FINDINGS = ['`appendonly` is off.', '`maxmemory-policy` is `allkeys-lru`.'];

describe('the check at the start', () => {
  test('happens by itself, once, at the first use, and tells each finding', async () => {
    const { engine, store, runtime } = setting();
    store.check = vi.fn<() => Promise<string[]>>(async () => FINDINGS);
    await runtime.clock.advanceAsync(60_000);
    expect(store.check).not.toHaveBeenCalled();
    for (const key of ['a', 'b', 'c']) {
      await engine.idempotent(key, () => 1);
      await runtime.clock.advanceAsync(60_000);
    }
    expect(store.check).toHaveBeenCalledOnce();
    expect(runtime.sink.of('idempotency.store-warned')).toEqual(
      FINDINGS.map((warning) => ({
        type: 'idempotency.store-warned',
        dependency: 'test',
        warning,
      })),
    );
  });

  test('delays and fails no call, and is made again until the store answers', async () => {
    const { engine, store, runtime } = setting();
    const check = vi.fn<() => Promise<string[]>>(() => new Promise(() => {}));
    store.check = check;
    expect(await engine.idempotent('a', () => 1)).toBe(1);
    await runtime.clock.advanceAsync(10_000);
    check.mockRejectedValue(new Error('connection refused'));
    expect(await engine.idempotent('b', () => 2)).toBe(2);
    await runtime.clock.advanceAsync(10_000);
    const failed = runtime.sink.of('idempotency.store-failed');
    expect(failed).toMatchObject([{ step: 'check' }, { step: 'check' }]);
    check.mockResolvedValue(FINDINGS);
    for (const key of ['c', 'd']) {
      await engine.idempotent(key, () => 3);
      await runtime.clock.advanceAsync(10_000);
    }
    expect(check).toHaveBeenCalledTimes(3);
    expect(runtime.sink.of('idempotency.store-warned')).toHaveLength(2);
  });

  test('is made once at a time, however long it takes', async () => {
    const { engine, store, runtime } = setting({ storeTimeout: '1m' });
    store.check = vi.fn<() => Promise<string[]>>(() => new Promise(() => {}));
    for (const key of ['a', 'b', 'c']) {
      await engine.idempotent(key, () => 1);
      await runtime.clock.advanceAsync(15_000);
    }
    expect(store.check).toHaveBeenCalledOnce();
  });

  test('by whoever asks for it is bounded, too', async () => {
    const { engine, store, runtime } = setting();
    store.check = () => new Promise(() => {});
    const checked = engine.check().catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1010);
    expect(await outcomeOf(checked)).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
  });

  test('can be turned off', async () => {
    const { engine, store } = setting({ startCheck: false });
    store.check = vi.fn<() => Promise<string[]>>(async () => FINDINGS);
    await engine.idempotent('a', () => 1);
    expect(store.check).not.toHaveBeenCalled();
    expect(await engine.check()).toEqual(FINDINGS);
  });

  test.each([
    ['warns the process where nobody listens', () => {}],
    [
      'harms nobody where that fails',
      () => {
        throw new Error('no stderr');
      },
    ],
  ])('%s', async (_, fail) => {
    const warnings: string[] = [];
    const { clock, random } = testRuntime();
    const warn = (warning: string): void => {
      warnings.push(warning);
      fail();
    };
    const store = Object.assign(memoryStore(), { check: async () => FINDINGS.slice(0, 1) });
    const runtime = { ...systemRuntime, clock, random, warn };
    const engine = idempotency({ name: 'charges', store }, runtime);
    expect(await engine.idempotent('a', () => 1)).toBe(1);
    await clock.advanceAsync(0);
    expect(warnings).toEqual(['charges: `appendonly` is off.']);
  });

  test('is a warning of Node’s by default', async () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const store = Object.assign(memoryStore(), { check: async () => FINDINGS.slice(0, 1) });
    const engine = idempotency({ name: 'charges', store });
    await engine.idempotent('a', () => 1);
    await vi.waitFor(() => expect(emitWarning).toHaveBeenCalledOnce());
    expect(emitWarning).toHaveBeenCalledWith('charges: `appendonly` is off.', 'HoldfastWarning');
    emitWarning.mockRestore();
    await engine.close();
  });
});
