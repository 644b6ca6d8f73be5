import { migrate, postgresStore } from 'holdfast/postgres';
import pg from 'pg';
import type { Link } from './link.ts';

/** Connections of one process: as many as work at once in it, and some more. */
const CONNECTIONS = 12;

/** Records in PostgreSQL, by `pg`; the ledger is a table of the same database. */
export function pgLink(url: string): Link {
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS });
  // Outages are what this is about.
  pool.on('error', () => {});
  return {
    store: postgresStore(pool),
    effect: async (key, { transaction }) => {
      const through = (transaction as pg.PoolClient | undefined) ?? pool;
      await through.query('insert into ledger (key) values ($1)', [key]);
    },
    effects: async () => {
      const { rows } = await pool.query<{ key: string }>('select key from ledger');
      return rows.map(({ key }) => key);
    },
    close: () => pool.end(),
  };
}

/** Makes the tables, once. */
export async function preparePostgres(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await migrate(pool);
  await pool.query('create table if not exists ledger (key text not null)');
  await pool.end();
}
