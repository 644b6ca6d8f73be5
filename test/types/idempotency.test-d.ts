import { settle } from 'holdfast/express';
import {
  idempotency,
  type Idempotency,
  type MissingTransactions,
  type Settled,
} from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { postgresStore } from 'holdfast/postgres';
import type { Pool, PoolClient } from 'pg';
import { describe, expectTypeOf, test } from 'vitest';

declare const pool: Pool;

describe('an engine', () => {
  test('hands its work the transaction of its store, and none under leases', () => {
    const store = postgresStore(pool);
    const charges = idempotency({ store, mode: 'transactional' });
    expectTypeOf(charges).toEqualTypeOf<Idempotency<PoolClient>>();
    expectTypeOf(idempotency({ store })).toEqualTypeOf<Idempotency>();
    expectTypeOf(idempotency({ store, mode: 'leased' })).toEqualTypeOf<Idempotency>();
  });

  test('of transactions does not compile over a store without, or with misspelt options', () => {
    // @ts-expect-error -- such a store keeps its records elsewhere
    idempotency({ mode: 'transactional', store: memoryStore() });
    // @ts-expect-error -- retention is misspelt
    idempotency({ mode: 'transactional', store: postgresStore(pool), retension: 1 });
    // @ts-expect-error -- nothing is ever unknown
    idempotency({ mode: 'transactional', store: postgresStore(pool), onExpiredLease: 'refuse' });
    // @ts-expect-error -- without the store there is no transaction
    idempotency({ mode: 'transactional', store: postgresStore(pool), onStoreDown: 'open' });
    expectTypeOf<MissingTransactions>().toHaveProperty(
      "mode 'transactional' needs a store with transactions, such as postgresStore(...)",
    );
  });

  test('settles a key with an outcome that is known, under leases alone', () => {
    const store = postgresStore(pool);
    const charges = idempotency({ store });
    const request = { key: 'k', method: 'POST', route: '/charge' };
    const done = charges.settle('k', { outcome: 'done', result: 7 }, { scope: ['tenant'] });
    expectTypeOf(done).toEqualTypeOf<Promise<Settled>>();
    void settle(charges, request, { outcome: 'nothing-happened' });
    // @ts-expect-error -- that is how it stands already
    void charges.settle('k', { outcome: 'unknown' });
    // @ts-expect-error -- a result is to be replayed
    void charges.settle('k', { outcome: 'done' });
    const transactional = idempotency({ store, mode: 'transactional' });
    // @ts-expect-error -- nothing is ever unknown
    void transactional.settle('k', { outcome: 'nothing-happened' });
    // @ts-expect-error -- nor over HTTP
    void settle(transactional, request, { outcome: 'nothing-happened' });
  });
});
