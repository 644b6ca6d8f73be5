export type { PostgresClient, TransactionOf } from './client.ts';
export { migrate } from './migrate.ts';
export type { MigrateOptions, PostgresStoreOptions } from './options.ts';
export type { PgConnection, PgPool } from './pg.ts';
export { postgresStore } from './postgres.ts';
export type { PostgresJs } from './postgres-js.ts';
