import { postgresStore } from 'holdfast/postgres';
import postgres from 'postgres';
import type { Link } from './link.ts';

/** Connections of one process: as many as work at once in it, and some more. */
const CONNECTIONS = 12;

/** Records in PostgreSQL, by postgres.js; the ledger is a table of the same database. */
export function postgresJsLink(url: string): Link {
  const sql = postgres(url, { max: CONNECTIONS, connect_timeout: 1, backoff: () => 0.05 });
  return {
    store: postgresStore(sql),
    effect: async (key, { transaction }) => {
      const through = (transaction as postgres.TransactionSql | undefined) ?? sql;
      await through`insert into ledger (key) values (${key})`;
    },
    effects: async () => {
      const rows = await sql<{ key: string }[]>`select key from ledger`;
      return rows.map(({ key }) => key);
    },
    close: () => sql.end({ timeout: 1 }),
  };
}
