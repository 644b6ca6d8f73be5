import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IdempotencyStore } from 'holdfast/idempotency';
import { migrate, postgresStore } from 'holdfast/postgres';
import { sqliteStore } from 'holdfast/sqlite';
import { Pool } from 'pg';
import type { Samples } from '../scenario.ts';

const ROUNDS = 9;
/** Milliseconds of a round. */
const ROUND = 700;
const CONNECTIONS = 16;

/** Claims and whole cycles a second in PostgreSQL, beside the least statement that does a claim's job. */
export async function postgresRates(port: number): Promise<Samples> {
  const pool = new Pool({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    database: 'postgres',
    max: CONNECTIONS,
  });
  // Connections that are being ended may still hear that the server stops.
  pool.on('error', () => {});
  try {
    await migrate(pool);
    await pool.query('create table bare (id text primary key, token text, fingerprint text)');
    const store = postgresStore(pool);
    const bare = {
      name: 'bare',
      text: 'insert into bare values ($1, $2, $3) on conflict do nothing',
    };
    const work: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
      bare: (key) => pool.query({ ...bare, values: [key, 'token', 'fingerprint'] }),
      claims: async (key) => store.claim(claimOf(key)),
      cycles: async (key) => {
        await store.claim(claimOf(key));
        await store.complete({ id: key, token: 'token' }, '{"charged":995}', 86_400_000);
      },
    };
    const perSecond: Record<string, number[]> = { bare: [], claims: [], cycles: [] };
    for (let round = -1; round < ROUNDS; round++) {
      for (const [name, once] of Object.entries(work)) {
        const rate = await rateOf(CONNECTIONS, once, `${name} ${round}`);
        if (round >= 0) perSecond[name]!.push(rate);
      }
    }
    return { perSecond };
  } finally {
    await pool.end();
  }
}

/** Claims that SQLite commits at once, with 100 under way; and how many that is a second. */
export async function sqliteCommits(): Promise<Samples> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-'));
  const store = sqliteStore(join(folder, 'records.db'));
  try {
    const perCommit: number[] = [];
    const perSecond: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const before = store.snapshot();
      perSecond.push(await rateOf(100, async (key) => store.claim(claimOf(key)), `${round}`));
      const after = store.snapshot();
      perCommit.push((after.steps - before.steps) / (after.commits - before.commits));
    }
    return { perCommit: { sqlite: perCommit }, perSecond: { sqlite: perSecond } };
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function claimOf(id: string): Parameters<IdempotencyStore['claim']>[0] {
  const about = { token: 'token', fingerprint: 'fingerprint', expired: 'refuse' } as const;
  return { id, ...about, lease: 30_000, retention: 86_400_000 };
}

/** How often a second `once` is done, by so many lanes at a time, each time with another key. */
async function rateOf(
  lanes: number,
  once: (key: string) => Promise<unknown>,
  label: string,
): Promise<number> {
  const begin = performance.now();
  let done = 0;
  const lane = async (_: unknown, number: number): Promise<void> => {
    for (let i = 0; performance.now() - begin < ROUND; i++, done++) {
      await once(`${label} ${number} ${i}`.replaceAll(' ', '_'));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (1000 * done) / (performance.now() - begin);
}
