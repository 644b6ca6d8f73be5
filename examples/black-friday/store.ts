/** Where the payment provider remembers keys: what `--store` says. */
import type { IdempotencyStore } from 'holdfast/idempotency';
import { migrate, postgresStore } from 'holdfast/postgres';
import { redisStore } from 'holdfast/redis';
import { sqliteStore } from 'holdfast/sqlite';

/** A store that can be used, and the end of it and of its client. */
export interface OpenStore {
  readonly store: IdempotencyStore;
  readonly close: () => Promise<void>;
}

const RANGE = 'sqlite:PATH, redis://HOST:PORT or postgres://USER@HOST/DATABASE';

/**
 * Which store a place is of.
 *
 * @throws RangeError for another place, which is not repeated: it may hold a password.
 */
export function kindOf(place: string): 'sqlite' | 'redis' | 'postgres' {
  const [, kind] = /^(sqlite(?=:.)|redis(?=s?:)|postgres(?=(?:ql)?:))/.exec(place) ?? [];
  if (kind === undefined) throw new RangeError(`--store must be ${RANGE}`);
  return kind as 'sqlite' | 'redis' | 'postgres';
}

/**
 * Opens the store at such a place. The clients are loaded only when they are asked for.
 *
 * @throws (rejects) RangeError for another place; Error that says why it cannot be reached.
 */
export async function openStore(place: string): Promise<OpenStore> {
  const kind = kindOf(place);
  try {
    switch (kind) {
      case 'sqlite':
        return openSqlite(place.slice('sqlite:'.length));
      case 'redis':
        return await openRedis(place);
      case 'postgres':
        return await openPostgres(place);
    }
  } catch (cause) {
    throw new Error(`--store: ${kind} cannot be reached, ${reasonOf(cause)}`, { cause });
  }
}

/** Opens it once, before anything depends on it. Answers what of its configuration endangers what it promises. */
export async function tryStore(place: string): Promise<readonly string[]> {
  const { store, close } = await openStore(place);
  try {
    return await store.check();
  } finally {
    await close();
  }
}

function openSqlite(path: string): OpenStore {
  const store = sqliteStore(path);
  return { store, close: () => store.close() };
}

async function openRedis(url: string): Promise<OpenStore> {
  const { Redis } = await import('ioredis');
  // The engine has a timeout and a breaker of its own: better no answer than a late one.
  const client = new Redis(url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  let trouble: unknown;
  client.on('error', (error) => (trouble = error));
  try {
    await client.connect();
  } catch (error) {
    client.disconnect();
    throw trouble ?? error;
  }
  const store = redisStore(client, { prefix: 'holdfast-demo:' });
  return { store, close: async () => client.disconnect() };
}

async function openPostgres(connectionString: string): Promise<OpenStore> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({ connectionString });
  pool.on('error', () => {});
  const table = 'holdfast_demo';
  try {
    await migrate(pool, { table });
  } catch (error) {
    await pool.end();
    throw error;
  }
  return { store: postgresStore(pool, { table }), close: () => pool.end() };
}

/** A name with several addresses fails with one error for each, and says nothing itself. */
function reasonOf(error: unknown): string {
  const [first = error] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return first instanceof Error ? first.message : String(first);
}
