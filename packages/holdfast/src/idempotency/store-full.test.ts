import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { request, temporaryFolder } from '../../test/sqlite-files.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { sqliteStore } from '../stores/sqlite/index.ts';
import { testRuntime } from '../testing/index.ts';
import { idempotency } from './engine.ts';
import { isStoreFull, StoreFullError } from './store-full.ts';
import type { IdempotencyStore } from './store.ts';

const folder = temporaryFolder();

/** Claims until there is no room. */
async function fill(store: IdempotencyStore): Promise<void> {
  for (let at = 0; ; at++) {
    try {
      await store.claim(request(`${at}`));
    } catch (error) {
      if (isStoreFull(error)) return;
      throw error;
    }
  }
}

describe.each([
  ['memory', () => memoryStore({ maxRecords: 20 })],
  ['SQLite', () => sqliteStore({ path: join(folder, 'full.db'), maxPageCount: 16 })],
])('a full store in %s', (_name, open) => {
  test('refuses new keys, and tells those that it has, however many it has refused', async () => {
    const store = open();
    const runtime = testRuntime();
    const engine = idempotency({ store }, runtime);
    await engine.idempotent('kept', () => 'done');
    await fill(store);
    for (let at = 0; at < 10; at++) {
      await expect(engine.idempotent(`new-${at}`, () => 'done')).rejects.toMatchObject({
        code: 'IDEMPOTENCY_STORE',
        message: 'idempotency: the store of idempotency records is full (idempotency)',
        retryAfter: 1000,
        cause: expect.any(StoreFullError) as Error,
      });
    }
    expect(runtime.sink.of('idempotency.store-failed')).toHaveLength(10);
    // Nothing was claimed, so there is nothing to give back.
    expect(runtime.clock.armed).toBe(0);
    expect(await engine.idempotent('kept', () => 'done again')).toBe('done');
    await engine.close();
  });
});
