import { readdirSync, readFileSync } from 'node:fs';
import { parseOptions } from '../../core/options.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type Ask, databaseOf, type PostgresClient } from './client.ts';
import { type MigrateOptions, tableOption, type TableName } from './options.ts';

/** Where the package ships them: found from the sources as from what is built of them. */
const MIGRATIONS = new URL('../../../src/stores/postgres/migrations/', import.meta.url);

/** As the migrations are written, so that they can be read and run as they are. */
const WRITTEN_FOR = /\bholdfast_idempotency(_\w+)?\b/g;

/**
 * Creates what `postgresStore` needs, or brings it up to date: a table, its index and its functions. What was
 * done before is not done again, which a table `<table>_migrations` remembers; any number of processes
 * may do it at once. All of it happens or nothing. Answers the names of the migrations that it ran.
 *
 * The user of the client must be allowed to create tables and functions in the schema, which must
 * be there; the user of the store may then do with `select`, `insert`, `update` and `delete` on the table.
 *
 * @throws TypeError, RangeError for a client or options that are wrong. The promise rejects with what
 *   the server says.
 */
export async function migrate(
  client: PostgresClient,
  options: MigrateOptions = {},
  runtime: Runtime = systemRuntime,
): Promise<readonly string[]> {
  const { table } = parseOptions(tableOption, options, 'migrate');
  const database = databaseOf(client, 'migrate', runtime);
  return await database.transaction(async (ask) => {
    const missing = await missingIn(ask, table);
    for (const name of missing) {
      const text = readFileSync(new URL(name, MIGRATIONS), 'utf8');
      await ask({ text: text.replaceAll(WRITTEN_FOR, (_, suffix?: string) => table.sql(suffix)) });
      const remember = `insert into ${table.sql('_migrations')} (name) values ($1)`;
      await ask({ text: remember, values: [name] });
    }
    return { commit: true, value: missing };
  });
}

/** Waits for whoever does the same. */
async function missingIn(ask: Ask, table: TableName): Promise<readonly string[]> {
  const done = table.sql('_migrations');
  const lock = `select pg_advisory_xact_lock(hashtextextended('holdfast migrate', 0))`;
  await ask({ text: lock });
  await ask({
    text: `create table if not exists ${done} (
      name text primary key,
      done_at timestamptz not null default clock_timestamp()
    )`,
  });
  const { column } = await ask({ text: `select name from ${done}` });
  const names = readdirSync(MIGRATIONS).filter((name) => name.endsWith('.sql'));
  return names.toSorted().filter((name) => !column.includes(name));
}
