import { describe, expect, test } from 'vitest';
import type { Execution } from './idempotency.ts';
import { safeToRetry } from './options.ts';
import { Sleep } from './sleep.ts';
import { outcomeOf, setting, Work } from '../../test/idempotency-setting.ts';

const LEASE = 30_000;

describe('a lease', () => {
  test('lasts as long as the work, by its heartbeat', async () => {
    const { engine, another, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(10 * LEASE);
    expect(store.steps.filter((step) => step === 'extend').length).toBe(30);
    expect(await outcomeOf(another().idempotent('k', work.run))).toMatchObject({
      why: 'in-progress',
    });
    work.end('late');
    expect(await first).toBe('late');
    expect(runtime.clock.armed).toBe(0);
  });

  test('is not extended for work that never ends', async () => {
    const { engine, another, runtime } = setting({ maxDuration: '10m' });
    let signal: AbortSignal | undefined;
    void engine.idempotent('k', (execution) => {
      ({ signal } = execution);
      return new Promise(() => {});
    });
    const ask = () => outcomeOf(another().idempotent('k', () => 1));
    await runtime.clock.advanceAsync(599_999);
    expect([await ask(), signal?.aborted]).toMatchObject([{ why: 'in-progress' }, false]);
    await runtime.clock.advanceAsync(LEASE);
    expect([await ask(), signal?.aborted]).toMatchObject([{ why: 'outcome-unknown' }, true]);
  });

  test('tells work that it has taken too long when it has, between two heartbeats too', async () => {
    const { engine, runtime } = setting({ maxDuration: '25s' });
    let signal: AbortSignal | undefined;
    void engine.idempotent('k', (execution) => {
      ({ signal } = execution);
      return new Promise(() => {});
    });
    await runtime.clock.advanceAsync(24_999);
    expect(signal?.aborted).toBe(false);
    await runtime.clock.advanceAsync(1);
    expect(signal?.aborted).toBe(true);
    expect(runtime.clock.armed).toBe(0);
  });

  test('is not extended by the steps of work that never ends either', async () => {
    const { engine, another, runtime } = setting({ maxDuration: '1m' });
    void engine.idempotent('k', async ({ step }) => {
      for (let at = 0; ; at++) await step(`step ${at}`, () => new Sleep(runtime.clock, 5000).over);
    });
    const ask = () => outcomeOf(another().idempotent('k', () => 1));
    await runtime.clock.advanceAsync(59_999);
    expect(await ask()).toMatchObject({ why: 'in-progress' });
    await runtime.clock.advanceAsync(LEASE + 1);
    expect(await ask()).toMatchObject({ why: 'outcome-unknown' });
  });

  test('runs out under whoever died, and the outcome is unknown', async () => {
    const { engine, another, runtime, store } = setting();
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE - 2);
    const ask = () => outcomeOf(another().idempotent('k', () => 1));
    expect(await ask()).toMatchObject({ why: 'in-progress' });
    await runtime.clock.advanceAsync(2);
    expect(await ask()).toMatchObject({ why: 'outcome-unknown' });
  });

  test('that cannot be extended aborts the work when it is over, and not before', async () => {
    const { engine, runtime, store } = setting();
    let signal: AbortSignal | undefined;
    const work = new Work();
    const first = engine.idempotent('k', (execution) => {
      ({ signal } = execution);
      return work.run();
    });
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    await runtime.clock.advanceAsync(LEASE - 10);
    expect(signal?.aborted).toBe(false);
    await runtime.clock.advanceAsync(LEASE / 3);
    expect(signal?.reason).toMatchObject({ code: 'LEASE_LOST' });
    expect(runtime.sink.of('idempotency.lease-lost')).toHaveLength(1);
    // It was not: whoever had taken over would have another token.
    store.mood = 'well';
    work.end('done after all');
    expect(await first).toBe('done after all');
  });

  test('that survives an outage of the store goes on', async () => {
    const { engine, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(LEASE / 3 - 1);
    store.mood = 'down';
    await runtime.clock.advanceAsync(LEASE / 3);
    store.mood = 'well';
    await runtime.clock.advanceAsync(LEASE);
    expect(runtime.sink.of('idempotency.lease-lost')).toHaveLength(0);
    work.end(1);
    expect(await first).toBe(1);
  });
  test('is asked for again soon after an outage', async () => {
    const { engine, runtime, store } = setting();
    void engine.idempotent('k', () => new Promise(() => {}));
    const moods = [
      [9999, 'down'],
      [21_000, 'well'],
      [25_000, 'down'],
      [31_000, 'down'],
    ] as const;
    for (const [at, mood] of moods) {
      await runtime.clock.advanceAsync(at - runtime.clock.now());
      store.mood = mood;
    }
    expect(runtime.sink.of('idempotency.lease-lost')).toHaveLength(0);
    await runtime.clock.advanceAsync(LEASE);
    expect(runtime.sink.of('idempotency.lease-lost')).toHaveLength(1);
  });

  test('is not extended any more once the work has ended, even in the middle of a heartbeat', async () => {
    const { engine, runtime, store } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE / 3);
    store.mood = 'well';
    work.end(1);
    expect(await first).toBe(1);
    await runtime.clock.advanceAsync(2000);
    expect(runtime.clock.armed).toBe(0);
  });
});

test('a lease whose record somebody has deleted is lost at the next heartbeat, the last one', async () => {
  const { engine, runtime, store } = setting();
  let signal!: AbortSignal;
  const first = engine.idempotent('k', (execution) => {
    ({ signal } = execution);
    return new Promise(() => {});
  });
  first.catch(() => {});
  await runtime.clock.advanceAsync(1);
  await store.release(store.claims[0]!);
  await runtime.clock.advanceAsync(LEASE / 3);
  expect(signal.reason).toMatchObject({ code: 'LEASE_LOST' });
  await runtime.clock.advanceAsync(10 * LEASE);
  expect(store.steps).toEqual(['claim', 'release', 'extend']);
  expect(runtime.clock.armed).toBe(0);
});

describe('a takeover', () => {
  const takeover = { onExpiredLease: 'takeover' } as const;

  test('goes on from the recovery points', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    const done: string[] = [];
    const keys: string[] = [];
    const attempts: number[] = [];
    const work =
      (end: Promise<string>) =>
      async (execution: {
        attempt: number;
        keyFor(name: string): string;
        step<T>(name: string, work: () => T): Promise<T>;
      }) => {
        attempts.push(execution.attempt);
        keys.push(execution.keyFor('charge'));
        const charge = await execution.step('charged', () => (done.push('charge'), { id: 7 }));
        return `${await end} ${charge.id}`;
      };
    void engine.idempotent('k', work(new Promise(() => {})));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE + 1);
    const second = another().idempotent('k', work(Promise.resolve('resumed')));
    expect(await second).toBe('resumed 7');
    expect([done, attempts]).toEqual([['charge'], [1, 2]]);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).toMatch(/^[\w-]{1,64}$/);
  });

  test('by somebody else is the end for the late owner: nothing that it writes counts', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    const late = new Work();
    const first = engine.idempotent('k', async (execution) => {
      await late.run();
      const step = await outcomeOf(execution.step('charged', () => 1));
      return [step, execution.signal.aborted];
    });
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    await runtime.clock.advanceAsync(LEASE + 1);
    expect(await another().idempotent('k', () => 'mine')).toBe('mine');
    store.mood = 'well';
    late.end(null);
    await expect(first).rejects.toMatchObject({ code: 'LEASE_LOST', status: 409 });
    expect(await another().idempotent('k', () => 'again')).toBe('mine');
  });

  test('stops a late owner before the effect of its next step', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    const late = new Work();
    const charges: string[] = [];
    const first = engine.idempotent('k', async ({ step }) => {
      await late.run();
      await step('charged', () => charges.push('late'));
    });
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    await runtime.clock.advanceAsync(LEASE + 1);
    await another().idempotent('k', ({ step }) => step('charged', () => charges.push('next')));
    store.mood = 'well';
    late.end(null);
    await expect(first).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(charges).toEqual(['next']);
  });

  test('while the store does not answer is the end for the first owner, too', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    const late = new Work();
    const first = engine.idempotent('k', late.run).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1);
    store.mood = 'down';
    await runtime.clock.advanceAsync(LEASE - 11);
    late.end('late');
    await runtime.clock.advanceAsync(20);
    expect(await another().idempotent('k', () => 'mine')).toBe('mine');
    store.mood = 'well';
    await runtime.clock.advanceAsync(50);
    expect(await first).toMatchObject({ code: 'LEASE_LOST' });
  });

  test('after work that gave the key back goes on from what its steps have done', async () => {
    const { engine } = setting(takeover);
    const done: string[] = [];
    const work = async ({ step, attempt }: Execution) => {
      await step('charged', () => void done.push('charge'));
      if (attempt === 1) throw safeToRetry(new Error('busy'));
      return `attempt ${attempt}`;
    };
    await expect(engine.idempotent('k', work)).rejects.toThrow('busy');
    expect([await engine.idempotent('k', work), done]).toEqual(['attempt 2', ['charge']]);
  });

  test('is noticed at the next step', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    const late = new Work();
    const seen: unknown[] = [];
    const first = engine.idempotent('k', async (execution) => {
      await late.run();
      // The heartbeat has not noticed yet.
      seen.push(execution.signal.aborted, await outcomeOf(execution.step('a', () => 1)));
      seen.push(execution.signal.aborted, runtime.clock.armed);
    });
    first.catch(() => {});
    await runtime.clock.advanceAsync(1);
    const { id, token } = store.claims[0]!;
    await store.extend({ id, token }, 0);
    await another().idempotent('k', () => 'mine');
    late.end(null);
    await expect(first).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(seen).toEqual([false, expect.objectContaining({ code: 'LEASE_LOST' }), true, 0]);
  });

  test('is told apart in events', async () => {
    const { engine, another, runtime, store } = setting(takeover);
    void engine.idempotent('k', () => new Promise(() => {}));
    await runtime.clock.advanceAsync(1);
    store.mood = 'gone';
    await runtime.clock.advanceAsync(LEASE + 1);
    await another().idempotent('k', () => 1);
    await another().idempotent('k', () => 1);
    const how = runtime.sink
      .of('idempotency.opened')
      .map((event) => (event as { how?: string }).how);
    expect(how).toEqual(['claimed', 'taken-over', 'replayed']);
  });
});

test('a step is done once in one execution, and needs a name and JSON', async () => {
  const { engine } = setting();
  let done = 0;
  const steps = engine.idempotent('steps', async (execution) => {
    const twice = [
      await execution.step('a', () => ++done),
      await execution.step('a', () => ++done),
    ];
    const wrong = [
      await outcomeOf(execution.step('', () => 1)),
      await outcomeOf(execution.step('b', () => 1n)),
    ];
    return [twice, wrong.map(String), [...execution.points]];
  });
  expect(await steps).toEqual([
    [1, 1],
    [expect.stringContaining('non-empty string'), expect.stringContaining('must be JSON')],
    [['a', 1]],
  ]);
});
