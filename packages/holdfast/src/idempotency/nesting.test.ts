import { describe, expect, test } from 'vitest';
import { noContext } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/index.ts';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';
import { idempotency } from './engine.ts';

const NESTED = { code: 'IDEMPOTENCY_CONFLICT', why: 'nested' };

describe('work that asks for its own key', () => {
  test.each(['refused at once', 'not even waited for'])('is %s', async (how) => {
    const { engine, runtime } = setting(how === 'refused at once' ? {} : { wait: '1h' });
    let inner: unknown;
    const outer = await engine.idempotent('k', async () => {
      await Promise.resolve();
      inner = await outcomeOf(engine.idempotent('k', () => 'inner'));
      return 'outer';
    });
    expect([outer, inner]).toMatchObject(['outer', NESTED]);
    expect((inner as Error).message).toContain('keyFor');
    expect((inner as Error).message).not.toContain(' k ');
    expect(runtime.sink.of('idempotency.opened')).toMatchObject([
      { how: 'claimed' },
      { how: 'nested' },
    ]);
    expect(await engine.idempotent('k', () => 'again')).toBe('outer');
  });

  test('is refused too where its own goes on without the store', async () => {
    const { engine, store } = setting({ onStoreDown: 'open' });
    store.mood = 'down';
    let begun = 0;
    const ask = (): Promise<unknown> =>
      engine.idempotent('k', () => (begun++ < 3 ? ask() : 'done'));
    expect(await outcomeOf(ask())).toMatchObject(NESTED);
    expect(begun).toBe(1);
  });

  test('is recognised through other keys, and with another payload', async () => {
    const { engine } = setting({ wait: '1h' });
    const inner = await engine.idempotent('a', () =>
      engine.idempotent('b', async ({ step }) => {
        const asked = engine.idempotent('a', () => 'inner', { payload: { amount: 1 } });
        return step('asked', async () => ((await outcomeOf(asked)) as { why: string }).why);
      }),
    );
    expect(inner).toBe('nested');
  });

  test('may ask for another key, for one of its own, and in another scope', async () => {
    const { engine } = setting();
    const answers = await engine.idempotent('k', async ({ keyFor }) => [
      await engine.idempotent('other', () => 1),
      await engine.idempotent(keyFor('mail'), () => 2),
      await engine.idempotent('k', () => 3, { scope: ['tenant 1'] }),
    ]);
    expect(answers).toEqual([1, 2, 3]);
  });

  test('is not confused with others that ask for it meanwhile', async () => {
    const { engine, runtime } = setting({ wait: '1h' });
    const work = new Work();
    const both = [engine.idempotent('k', work.run), engine.idempotent('k', work.run)];
    await runtime.clock.advanceAsync(1);
    work.end('done');
    await runtime.clock.advanceAsync(1000);
    expect(await Promise.all(both)).toEqual(['done', 'done']);
  });

  test('gets the answer once it is over, in what it has left running', async () => {
    const { engine } = setting();
    const later = Promise.withResolvers<void>();
    let left: Promise<unknown> = Promise.resolve();
    await engine.idempotent('k', () => {
      left = later.promise.then(() => engine.idempotent('k', () => 'again'));
      return 'done';
    });
    later.resolve();
    expect(await left).toBe('done');
  });

  test('is not remembered in what it has left running, however often that goes on', async () => {
    const runtime = testRuntime();
    const carried: number[] = [];
    const variable = <T>() => {
      const inner = systemRuntime.context.variable!<T>();
      const run = <R>(value: T, work: () => R): R => {
        carried.push((value as unknown[]).length);
        return inner.run(value, work);
      };
      return { get: () => inner.get(), run };
    };
    const context = { ...noContext, variable };
    const engine = idempotency({ store: memoryStore({}, runtime) }, { ...runtime, context });
    const last = Promise.withResolvers<void>();
    const job = async (left: number): Promise<void> => {
      if (left === 0) last.resolve();
      else void engine.idempotent(`job ${left}`, () => void job(left - 1));
    };
    void job(50);
    await last.promise;
    expect(carried.length).toBe(50);
    expect(Math.max(...carried)).toBeLessThan(5);
  });

  test('of one engine may ask another one for the same key', async () => {
    const { engine, runtime } = setting();
    const other = idempotency({ name: 'other', store: memoryStore({}, runtime) }, runtime);
    const inner = engine.idempotent('k', () => other.idempotent('k', () => 'inner'));
    expect(await inner).toBe('inner');
  });

  test('is known by one variable, however many engines there are', async () => {
    const runtime = testRuntime();
    let made = 0;
    const variable = <T>() => {
      made++;
      return systemRuntime.context.variable!<T>();
    };
    const context = { ...noContext, variable };
    const engines = Array.from({ length: 3 }, () =>
      idempotency({ store: memoryStore({}, runtime) }, { ...runtime, context }),
    );
    for (const engine of engines) await engine.idempotent('k', () => 'done');
    expect(made).toBe(1);
  });

  test('is refused as in progress where there is no async context', async () => {
    const runtime = { ...testRuntime(), context: noContext };
    const engine = idempotency({ store: memoryStore({}, runtime) }, runtime);
    const inner = await engine.idempotent('k', async () => {
      const asked = outcomeOf(engine.idempotent('k', () => 'inner'));
      return ((await asked) as { why: string }).why;
    });
    expect(inner).toBe('in-progress');
  });
});
