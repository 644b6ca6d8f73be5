import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { storeConformance } from '../../../../../test/conformance/idempotency-store.ts';
import type { ClaimRequest } from '../../idempotency/store.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import { testRuntime } from '../../testing/index.ts';
import { memoryStore } from './memory.ts';

storeConformance('the memory store', {
  open: async () => {
    const store = memoryStore();
    return { store, other: store, close: () => store.close() };
  },
  reaps: true,
});

const request = (id: string, overrides: Partial<ClaimRequest> = {}): ClaimRequest => ({
  id,
  token: `of-${id}`,
  fingerprint: 'f',
  lease: 1000,
  retention: 60_000,
  expired: 'refuse',
  ...overrides,
});

describe('a full memory store', () => {
  test('refuses further keys and says why, and does all else', async () => {
    const store = memoryStore({ maxRecords: 2 }, testRuntime());
    await store.claim(request('a'));
    await store.claim(request('b'));
    const refused = store.claim(request('c'));
    await expect(refused).rejects.toThrow(StoreFullError);
    // Which asks for no room.
    expect(await store.claim(request('c', { fingerprint: null }))).toEqual({ kind: 'absent' });
    await expect(refused).rejects.toThrow(
      'the memory store is full: it holds 2 records, none of which has expired',
    );
    expect(await store.claim(request('a'))).toMatchObject({ kind: 'claimed' });
    expect(await store.complete(request('a'), '1', 60_000)).toBe(true);
    expect(await store.claim(request('a'))).toMatchObject({ kind: 'completed' });
    expect(await store.extend(request('b'), 1000)).toBe(true);
  });

  test('keeps what is completed, and what is unfinished, to the last millisecond', async () => {
    const runtime = testRuntime();
    const store = memoryStore({ maxRecords: 2 }, runtime);
    await store.claim(request('unfinished'));
    await store.claim(request('completed'));
    await store.complete(request('completed'), '1', 60_000);
    runtime.clock.advance(59_999);
    await expect(store.claim(request('c'))).rejects.toThrow('full');
    expect(await store.claim(request('unfinished', { token: 't' }))).toEqual({ kind: 'unknown' });
    expect(await store.claim(request('completed', { token: 't' }))).toMatchObject({ result: '1' });
  });

  test('has room again once a record has expired or was released', async () => {
    const runtime = testRuntime();
    const store = memoryStore({ maxRecords: 2 }, runtime);
    await store.claim(request('long', { retention: 120_000 }));
    await store.claim(request('short'));
    runtime.clock.advance(60_000);
    expect(await store.claim(request('c'))).toMatchObject({ kind: 'claimed' });
    await expect(store.claim(request('d'))).rejects.toThrow('full');
    await store.release(request('c'));
    expect(await store.claim(request('d'))).toMatchObject({ kind: 'claimed' });
    expect(await store.claim(request('long', { token: 't' }))).toEqual({ kind: 'unknown' });
  });

  test.each([1, 7, 12_345, 86_400_000])(
    'has room again as soon as a record has expired that was kept for %d ms',
    async (retention) => {
      for (const looks of [0, 1, 10]) {
        const runtime = testRuntime();
        const store = memoryStore({ maxRecords: 1 }, runtime);
        await store.claim(request('a', { retention, lease: 1 }));
        for (let look = 0; look < looks; look++) {
          runtime.clock.advance((retention - 1) / looks);
          await expect(store.claim(request('b'))).rejects.toThrow('full');
        }
        // To the millisecond, or five where somebody looked just before.
        runtime.clock.advance(retention - runtime.clock.now() + 5);
        expect(await store.claim(request('b'))).toMatchObject({ kind: 'claimed' });
      }
    },
  );

  test('takes the place of a record of the same key that has expired', async () => {
    const runtime = testRuntime();
    const store = memoryStore({ maxRecords: 1 }, runtime);
    await store.claim(request('a'));
    runtime.clock.advance(60_000);
    expect(await store.claim(request('a', { fingerprint: 'g', token: 't' }))).toMatchObject({
      attempt: 1,
    });
  });
});

describe('the memory store', () => {
  test('keeps time by the clock of its runtime', async () => {
    const runtime = testRuntime();
    const store = memoryStore({}, runtime);
    await store.claim(request('a'));
    runtime.clock.advance(400);
    expect(await store.claim(request('a', { token: 't' }))).toEqual({
      kind: 'in-progress',
      leaseLeft: 600,
    });
    runtime.clock.advance(600);
    expect(await store.claim(request('a', { token: 't' }))).toEqual({ kind: 'unknown' });
    await store.complete(request('a'), '1', 5000);
    expect(await store.claim(request('a', { token: 't' }))).toEqual({
      kind: 'completed',
      result: '1',
      expiresIn: 5000,
    });
  });

  test('reaps in the order of expiry, however long each was kept', async () => {
    const runtime = testRuntime();
    const store = memoryStore({}, runtime);
    for (const retention of [40_000, 20_000, 30_000, 20_000]) {
      await store.claim(request(`${retention}-${Math.random()}`, { retention }));
    }
    await store.claim(request('extended', { retention: 20_000 }));
    await store.extend(request('extended'), 35_000);
    const counts = [];
    for (let i = 0; i < 5; i++) {
      runtime.clock.advance(10_000);
      counts.push(await store.reap(10));
    }
    expect(counts).toEqual([0, 2, 1, 2, 0]);
  });

  test('does not hold the process open', async () => {
    const runtime = testRuntime();
    await memoryStore({}, runtime).claim(request('a'));
    expect(runtime.clock.armed).toBe(0);
  });

  test('warns in a worker of node:cluster: the others know nothing of its keys', () => {
    const program = `
      import cluster from 'node:cluster';
      const { memoryStore } = await import('${new URL('memory.ts', import.meta.url).href}');
      console.log(JSON.stringify(await memoryStore().check()));
      if (cluster.isPrimary) {
        cluster.setupPrimary({ exec: 'worker', execArgv: process.execArgv });
        cluster.fork();
      } else process.disconnect();
    `;
    const flags = ['--no-warnings', '--input-type=module', '--eval', program];
    const env = { ...process.env, NODE_OPTIONS: '' };
    const printed = execFileSync(process.execPath, flags, { encoding: 'utf8', env });
    const [primary, worker] = printed.trim().split('\n');
    expect(primary).toBe('[]');
    expect(worker).toMatch(/^\["The store is in the memory of this worker of node:cluster/);
  });

  test('says what is wrong with its options', () => {
    expect(() => memoryStore({ maxRecords: 0 })).toThrow(
      new RangeError('memoryStore.maxRecords must be a whole number from 1 to 10000000, got 0'),
    );
    expect(() => memoryStore({ maxRecord: 1 } as never)).toThrow(
      "memoryStore.maxRecord is not an option; did you mean 'maxRecords'?",
    );
  });
});
