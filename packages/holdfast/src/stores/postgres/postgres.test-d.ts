import type { Pool, PoolClient } from 'pg';
import type { Sql, TransactionSql } from 'postgres';
import { expectTypeOf, test } from 'vitest';
import type { TransactionalStore } from '../../idempotency/store.ts';
import type { PostgresClient, TransactionOf } from './client.ts';
import { postgresStore } from './postgres.ts';

test('work gets the transaction of the client that was given', () => {
  expectTypeOf(postgresStore<Pool>).returns.toEqualTypeOf<TransactionalStore<PoolClient>>();
  expectTypeOf<TransactionOf<Sql>>().toEqualTypeOf<TransactionSql>();
  expectTypeOf(postgresStore<Sql>).returns.toExtend<TransactionalStore<TransactionSql>>();
});

test('a client of one overload, such as a wrapper, will do', () => {
  interface Wrapper {
    query(question: {
      text: string;
    }): Promise<{ rows: object[]; rowCount: number; command: string }>;
    connect(): Promise<PoolClient>;
  }
  expectTypeOf(postgresStore<Wrapper>).returns.toEqualTypeOf<TransactionalStore<PoolClient>>();
});

test('something else is not a client', () => {
  expectTypeOf<'postgres://127.0.0.1/test'>().not.toExtend<PostgresClient>();
});
