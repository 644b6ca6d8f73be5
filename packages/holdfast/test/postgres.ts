import { randomBytes } from 'node:crypto';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll } from 'vitest';
import type {
  ClaimRequest,
  TransactionalStore,
  TransactRequest,
} from '../src/idempotency/store.ts';
import type { PostgresClient } from '../src/stores/postgres/client.ts';
import type { PostgresStoreOptions } from '../src/stores/postgres/options.ts';
import { migrate } from '../src/stores/postgres/migrate.ts';
import { postgresStore } from '../src/stores/postgres/postgres.ts';
import { type PostgresServer, startPostgres } from '../../../test/servers/postgres.ts';

/** A client of PostgreSQL with a store over it, whichever it is. */
export interface Connected {
  readonly client: PostgresClient;
  readonly store: TransactionalStore<unknown>;
  ask(text: string): Promise<readonly Record<string, unknown>[]>;
  end(): Promise<void>;
}

export type Connect = (url: string, max?: number, options?: PostgresStoreOptions) => Connected;

/** By `pg`. */
export const byPg: Connect = (url, max = 10, options = {}) => {
  const pool = new pg.Pool({ connectionString: url, max });
  // A server that goes away is what some tests are about.
  pool.on('error', () => {});
  return {
    client: pool,
    store: postgresStore(pool, options) as TransactionalStore<unknown>,
    ask: (text) => askIn(pool, text),
    end: () => pool.end(),
  };
};

/** By postgres.js. */
export const byPostgresJs: Connect = (url, max = 10, options = {}) => {
  // Seconds. A connection that was lost may stall this client until it gives up connecting.
  const patience = { connect_timeout: 2, backoff: () => 0.05 };
  const sql = postgres(url, { max, onnotice: () => {}, ...patience });
  return {
    client: sql,
    store: postgresStore(sql, options) as TransactionalStore<unknown>,
    ask: (text) => askIn(sql, text),
    end: () => sql.end({ timeout: 1 }),
  };
};

export const CLIENTS: readonly (readonly [string, Connect])[] = [
  ['pg', byPg],
  ['postgres.js', byPostgresJs],
];

/** Asks over a client, or inside of a transaction of it. */
export async function askIn(handle: unknown, text: string): Promise<Record<string, unknown>[]> {
  if (typeof handle === 'function') return await (handle as postgres.Sql).unsafe(text);
  return (await (handle as pg.Pool).query(text)).rows;
}

/**
 * Once the client knows that the connection of a transaction is lost: `pg` says so on the connection,
 * postgres.js by the end of the transaction.
 */
export async function isGone(tx: unknown, transacted: Promise<unknown>): Promise<void> {
  if (typeof tx === 'function') await transacted.catch(() => {});
  else await new Promise((resolve) => (tx as pg.PoolClient).once('end', resolve as () => void));
}

/** The server of a file's tests, for as long as they run: it has the store's table, and one in which effects are had. */
export function serverWithEffects(): () => PostgresServer {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startWithEffects();
  });
  afterAll(() => server.stop());
  return () => server;
}

async function startWithEffects(): Promise<PostgresServer> {
  // A process that dies loses nothing that the kernel has been told.
  const server = await startPostgres({ fsync: false });
  const { client, ask, end } = byPg(server.url, 1);
  await migrate(client);
  await ask('create table effects (id text)');
  await end();
  return server;
}

/** As a claim or a transaction has it. */
export type Asked = ClaimRequest & TransactRequest;

/** Asks for a key that nobody has, unless told otherwise; leases and retentions outlive a test. */
export function request(overrides: Partial<Asked> = {}): Asked {
  return {
    id: unique(),
    token: unique(),
    fingerprint: 'what-is-asked-for',
    lease: 60_000,
    retention: 60_000,
    maxDuration: 60_000,
    expired: 'refuse',
    ...overrides,
  };
}

const unique = (): string => randomBytes(24).toString('base64url');
