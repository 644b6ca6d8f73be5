import { describe, expect, test, vi } from 'vitest';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import { idempotency } from './engine.ts';
import { safeToRetry } from './options.ts';
import type { ClaimRequest, TransactionalStore } from './store.ts';
import { outcomeOf, Work } from '../../test/idempotency-setting.ts';

/** A ledger that commits with its records, in memory. */
class Ledger {
  readonly entries: string[] = [];
  mood: 'well' | 'down' | 'slow' | 'commit fails' | 'commit is lost' | 'commit is slow' = 'well';
  open = 0;
  /** Of the last transaction: how long it may last, and how to end it before its work. */
  maxDuration = 0;
  end: (error: Error) => void = () => {};
}

interface Tx {
  write(entry: string): void;
}

function setting() {
  const runtime = testRuntime();
  const ledger = new Ledger();
  const records = memoryStore({}, runtime);
  const slow = Promise.withResolvers<void>();
  const transact: TransactionalStore<Tx>['transact'] = async (request, work) => {
    if (ledger.mood === 'down') throw new Error('connection refused');
    if (ledger.mood === 'slow') await slow.promise;
    const claim = await records.claim({
      ...request,
      lease: 1e9,
      retention: 1e9,
      expired: 'refuse',
    } as ClaimRequest);
    if (claim.kind !== 'claimed') return claim as never;
    ledger.open++;
    const over = new Promise<never>((_, reject) => (ledger.end = reject));
    ledger.maxDuration = request.maxDuration;
    const written: string[] = [];
    try {
      const tx: Tx = { write: (entry) => void written.push(entry) };
      const end = await Promise.race([work(tx), over]);
      if (ledger.mood === 'commit is slow') await slow.promise;
      if (end.result === null || ledger.mood === 'commit fails') {
        await records.release(request);
        if (end.result !== null) throw new Error('could not serialize access');
      } else {
        ledger.entries.push(...written);
        await records.complete(request, end.result, request.retention);
        if (ledger.mood === 'commit is lost') throw new Error('connection reset');
      }
      return { kind: 'done', value: end.value };
    } finally {
      ledger.open--;
    }
  };
  const store: TransactionalStore<Tx> = Object.assign(Object.create(records) as typeof records, {
    transact,
    name: 'ledger',
  });
  for (const step of ['claim', 'extend', 'checkpoint', 'complete', 'release', 'reap'] as const) {
    (store as unknown as Record<string, unknown>)[step] = (records[step] as () => unknown).bind(
      records,
    );
  }
  const engine = idempotency({ name: 'test', store, mode: 'transactional', wait: 0 }, runtime);
  return { engine, ledger, runtime, slow };
}

describe('in a transaction', () => {
  test('effect and record commit together', async () => {
    const { engine, ledger, runtime } = setting();
    const charge = () => engine.idempotent('k', ({ transaction }) => transaction.write('charge'));
    await charge();
    await charge();
    expect([ledger.entries, ledger.open]).toEqual([['charge'], 0]);
    expect(runtime.sink.of('idempotency.ended')).toMatchObject([{ how: 'kept' }]);
  });

  test.each([new Error('no'), safeToRetry(new Error('no'))])(
    'what throws is rolled back',
    async (error) => {
      const { engine, ledger, runtime } = setting();
      const failing = engine.idempotent('k', ({ transaction }) => {
        transaction.write('charge');
        throw error;
      });
      await expect(failing).rejects.toBe(error);
      expect([ledger.entries, ledger.open]).toEqual([[], 0]);
      expect(runtime.sink.of('idempotency.ended')).toMatchObject([{ how: 'rolled-back' }]);
      await engine.idempotent('k', ({ transaction }) => transaction.write('second try'));
      expect(ledger.entries).toEqual(['second try']);
    },
  );

  test('a result that no store need keep is refused, and the work rolled back', async () => {
    const { engine, ledger } = setting();
    const opened = await engine.open({ key: 'k', scope: [], fingerprint: 'f' });
    if (opened.kind !== 'run') throw new Error(opened.kind);
    opened.execution.transaction.write('charge');
    await expect(opened.execution.complete('a\0b')).rejects.toThrow(/the result must be a string/);
    await opened.execution.hold();
    expect([ledger.entries, ledger.open]).toEqual([[], 0]);
  });

  test('another who asks meanwhile is refused', async () => {
    const { engine, runtime } = setting();
    const work = new Work();
    const first = engine.idempotent('k', work.run);
    await runtime.clock.advanceAsync(0);
    expect(await outcomeOf(engine.idempotent('k', work.run))).toMatchObject({ why: 'in-progress' });
    work.end(1);
    expect(await first).toBe(1);
  });

  test('a commit that fails has done nothing, and says so', async () => {
    const { engine, ledger, runtime } = setting();
    ledger.mood = 'commit fails';
    const charge = () => engine.idempotent('k', ({ transaction }) => transaction.write('charge'));
    expect(await outcomeOf(charge())).toMatchObject({
      code: 'IDEMPOTENCY_STORE',
      status: 503,
      message: expect.stringContaining('not committed') as string,
    });
    expect(runtime.sink.of('idempotency.lease-lost')).toEqual([]);
    ledger.mood = 'well';
    await charge();
    expect(ledger.entries).toEqual(['charge']);
  });

  test('a commit whose answer is lost is found by the next who asks', async () => {
    const { engine, ledger } = setting();
    ledger.mood = 'commit is lost';
    const charge = () =>
      engine.idempotent('k', ({ transaction }) => (transaction.write('charge'), 'charged'));
    expect(await outcomeOf(charge())).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
    ledger.mood = 'well';
    expect([await charge(), ledger.entries]).toEqual(['charged', ['charge']]);
  });

  test('a commit that takes too long is not waited for', async () => {
    const { engine, ledger, runtime, slow } = setting();
    ledger.mood = 'commit is slow';
    const charge = () =>
      engine.idempotent('k', ({ transaction }) => (transaction.write('charge'), 'charged'));
    const asked = outcomeOf(charge());
    await runtime.clock.advanceAsync(1010);
    expect(await asked).toMatchObject({ code: 'IDEMPOTENCY_STORE', status: 503 });
    slow.resolve();
    await runtime.clock.advanceAsync(0);
    expect([await charge(), ledger.entries]).toEqual(['charged', ['charge']]);
  });

  test('one that ends before its work tells it, and keeps nothing of it', async () => {
    const { engine, ledger, runtime } = setting();
    const reason = new Error('it has taken too long');
    const work = new Work();
    let signal!: AbortSignal;
    const charging = engine.idempotent('k', (execution) => {
      ({ signal } = execution);
      execution.transaction.write('charge');
      return work.run();
    });
    await runtime.clock.advanceAsync(0);
    expect([signal.aborted, ledger.maxDuration]).toEqual([false, 3_600_000]);
    ledger.end(reason);
    await runtime.clock.advanceAsync(0);
    expect(signal.reason).toMatchObject({ code: 'LEASE_LOST', cause: reason });
    expect(runtime.sink.of('idempotency.lease-lost')).toHaveLength(1);
    work.end(1);
    expect(await outcomeOf(charging)).toMatchObject({ code: 'IDEMPOTENCY_STORE', cause: reason });
    expect(ledger.entries).toEqual([]);
  });

  test('one that begins too late is rolled back, and its work not begun', async () => {
    const { engine, ledger, runtime, slow } = setting();
    ledger.mood = 'slow';
    const work = new Work();
    const asked = engine.idempotent('k', work.run).catch((error: unknown) => error);
    await runtime.clock.advanceAsync(1010);
    expect(await outcomeOf(asked)).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
    slow.resolve();
    await runtime.clock.advanceAsync(0);
    expect([work.begun, ledger.open]).toEqual([0, 0]);
    ledger.mood = 'well';
    expect(await engine.idempotent('k', () => 1)).toBe(1);
  });

  test('that cannot begin is refused', async () => {
    const { engine, ledger } = setting();
    ledger.mood = 'down';
    const refused = outcomeOf(engine.idempotent('k', () => 1));
    expect(await refused).toMatchObject({ code: 'IDEMPOTENCY_STORE' });
  });

  test('steps are just done, and no lease is lost', async () => {
    const { engine, runtime } = setting();
    const answer = await engine.idempotent('k', async (execution) => [
      await execution.step('a', () => 1),
      await execution.step('a', () => 2),
      execution.signal.aborted,
    ]);
    expect([answer, runtime.clock.armed]).toEqual([[1, 1, false], 0]);
  });

  test('is not begun after a close: it is rolled back, and the key is as new', async () => {
    const { engine, ledger, runtime, slow } = setting();
    ledger.mood = 'slow';
    const work = vi.fn<() => void>();
    const asked = outcomeOf(engine.idempotent('k', work));
    await engine.close();
    slow.resolve();
    const message = 'test: the engine is closed (idempotency)';
    expect(await asked).toMatchObject({ code: 'IDEMPOTENCY_STORE', message });
    expect([work.mock.calls, ledger.open]).toEqual([[], 0]);
    const told = runtime.sink.events.map(({ type }) => type);
    expect(told).toEqual(['idempotency.opened']);
  });
});
