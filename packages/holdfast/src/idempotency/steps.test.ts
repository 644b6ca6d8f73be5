import { describe, expect, test } from 'vitest';
import { setting } from '../../test/idempotency-setting.ts';
import { storeOver } from '../../torture/store-over.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/index.ts';
import { idempotency } from './engine.ts';
import type { Idempotency } from './idempotency.ts';
import type { IdempotencyOptions } from './options.ts';
import type { TransactionalStore } from './store.ts';

function leased(): Idempotency {
  return setting().engine;
}

function unprotected(): Idempotency {
  const { engine, store } = setting({ onStoreDown: 'open' });
  store.mood = 'down';
  return engine;
}

function transactional(): Idempotency<unknown> {
  const store: TransactionalStore<unknown> = {
    ...storeOver(memoryStore(), {}),
    transact: async (_request, work) => ({ kind: 'done', value: (await work(null)).value }),
  };
  return idempotency({ store, mode: 'transactional' }, testRuntime());
}

test('steps that have answered too much fail, those of an earlier execution counted', async () => {
  const { engine, another } = setting({ onExpiredLease: 'takeover', maxResultLength: 12 });
  const first = engine.idempotent('k', async ({ step }) => {
    await step('a', () => 'four');
    throw new Error('crash');
  });
  await expect(first).rejects.toThrow('crash');
  const second = another().idempotent('k', async ({ step }) => {
    await step('b', () => 'four');
    await step('c', () => 5);
  });
  await expect(second).rejects.toThrow(
    new RangeError("step 'c' has answered JSON of length 1, and maxResultLength leaves 0"),
  );
});

describe.each<readonly [string, () => Idempotency<unknown>]>([
  ['leased', leased],
  ['in a transaction', transactional],
  ['unprotected', unprotected],
])('steps of one name, in work that is %s,', (_name, open) => {
  test('are one while it runs, and when it is done', async () => {
    let charges = 0;
    const charge = async () => {
      await Promise.resolve();
      return ++charges;
    };
    const answers = await open().idempotent('k', async ({ step, points }) => {
      const both = await Promise.all([step('charge', charge), step('charge', charge)]);
      return [...both, await step('charge', charge), ...points];
    });
    expect(answers).toEqual([1, 1, 1, ['charge', 1]]);
  });

  test('are forgotten when they fail, and tried again', async () => {
    const reason = new Error('declined');
    let tries = 0;
    const charge = async () => {
      tries++;
      await Promise.resolve();
      if (tries === 1) throw reason;
      return tries;
    };
    const answers = await open().idempotent('k', async ({ step }) => {
      const both = [step('charge', charge), step('charge', charge)];
      const [first, second] = await Promise.allSettled(both);
      expect(first).toEqual({ status: 'rejected', reason });
      expect(second).toEqual(first);
      return [await step('charge', charge), await step('refund', () => 'other')];
    });
    expect(answers).toEqual([2, 'other']);
  });

  test.each(['', 'a\0b', '\ud83d', 5])('may not be called %j', async (given) => {
    const answer = open().idempotent('k', ({ step }) => step(given as string, () => 1));
    await expect(answer).rejects.toThrow("a step's name must be a non-empty string, without NUL");
  });

  test('have keys of a name, and of nothing else', async () => {
    const answer = open().idempotent('k', ({ keyFor }) => keyFor({ item: 1 } as never));
    await expect(answer).rejects.toThrow(new TypeError('keyFor: the name must be a string'));
  });
});

/** Work that fails at once, and whose branch makes its step when it is told. */
function failing(options: Partial<IdempotencyOptions>) {
  const { engine, another } = setting(options);
  const charges: string[] = [];
  const gate = Promise.withResolvers<void>();
  let late: Promise<unknown> | undefined;
  const failed = engine.idempotent('k', ({ step }) => {
    late = gate.promise.then(() => step('charged', () => charges.push('late')));
    throw new Error('another branch failed');
  });
  const goOn = () => (gate.resolve(), late!);
  return { failed, another, charges, goOn };
}

describe('a step of work that has failed, in a branch that goes on,', () => {
  test('is not begun when another has taken over', async () => {
    const { failed, another, charges, goOn } = failing({ onExpiredLease: 'takeover' });
    await expect(failed).rejects.toThrow('another branch failed');
    await another().idempotent('k', ({ step }) => step('charged', () => charges.push('next')));
    await expect(goOn()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(charges).toEqual(['next']);
  });

  test('is not begun when a person has said that nothing happened', async () => {
    const { failed, another, charges, goOn } = failing({});
    await expect(failed).rejects.toThrow('another branch failed');
    expect(await another().settle('k', { outcome: 'nothing-happened' })).toBe('settled');
    await expect(goOn()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(charges).toEqual([]);
  });

  test('is kept, and does not take back the lease that was given up', async () => {
    const { failed, another, charges, goOn } = failing({ onExpiredLease: 'takeover' });
    await expect(failed).rejects.toThrow('another branch failed');
    await goOn();
    await another().idempotent('k', ({ step }) => step('charged', () => charges.push('next')));
    expect(charges).toEqual(['late']);
  });
});

test('a step of work whose result is kept is not begun: a repeat would not know of it', async () => {
  const { engine } = setting();
  const gate = Promise.withResolvers<void>();
  const charges: string[] = [];
  let late: Promise<unknown> | undefined;
  const answer = await engine.idempotent('k', ({ step }) => {
    late = gate.promise.then(() => step('charged', () => charges.push('late')));
    return 'done';
  });
  gate.resolve();
  await expect(late).rejects.toMatchObject({ code: 'LEASE_LOST' });
  expect([answer, charges]).toEqual(['done', []]);
});
