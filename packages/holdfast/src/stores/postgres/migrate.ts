import { parseOptions } from '../../core/options.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type Ask, databaseOf, type PostgresClient } from './client.ts';
import { type MigrateOptions, tableOption, type TableName } from './options.ts';
import { texts } from './texts.ts';

/** In their order, with their texts. */
const MIGRATIONS: readonly (readonly [name: string, text: string])[] = Object.entries(texts);

/** As the migrations are written, so that they can be read and run as they are. */
const WRITTEN_FOR = /\bholdfast_idempotency(_\w+)?\b/g;

/**
 * Creates what `postgresStore` needs, or brings it up to date: a table, its index and its functions. What was
 * done before is not done again, which a table `<table>_migrations` remembers; any number of processes
 * may do it at once. All of it happens or nothing. Answers the names of the migrations that it ran.
 *
 * The user of the client must be allowed to create tables and functions in the schema, which must
 * be there; the user of the store may then do with `select`, `insert`, `update` and `delete` on the table, and
 * `execute` on its functions, which PostgreSQL lets everybody unless that was revoked. Where nothing is left to be
 * done, `select` on `<table>_migrations` is enough.
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
    for (const [name, text] of missing) {
      await ask({ text: text.replaceAll(WRITTEN_FOR, (_, suffix?: string) => table.sql(suffix)) });
      const remember = `insert into ${table.sql('_migrations')} (name) values ($1)`;
      await ask({ text: remember, values: [name] });
    }
    return { commit: true, value: missing.map(([name]) => name) };
  });
}

/** Waits for whoever does the same. */
async function missingIn(ask: Ask, table: TableName): Promise<typeof MIGRATIONS> {
  const done = table.sql('_migrations');
  const lock = `select pg_advisory_xact_lock(hashtextextended('holdfast migrate', 0))`;
  // What others have done meanwhile is to be seen, whatever the client's usual isolation.
  await ask({ text: 'set transaction isolation level read committed' });
  await ask({ text: lock });
  // Even where it is there, `if not exists` would ask for the right to create it.
  if (!(await isThere(ask, table))) {
    await ask({
      text: `create table ${done} (
        name text primary key,
        done_at timestamptz not null default clock_timestamp()
      )`,
    });
  }
  const { column } = await ask({ text: `select name from ${done}` });
  return MIGRATIONS.filter(([name]) => !column.includes(name));
}

/** In the schema in which it would be created: others of the search path may have one of the same name. */
async function isThere(ask: Ask, table: TableName): Promise<boolean> {
  const schema = table.given.includes('.') ? '' : `quote_ident(current_schema()) || '.' || `;
  const text = `select count(to_regclass(${schema}$1::text))::integer`;
  const { column } = await ask({ text, values: [table.sql('_migrations')] });
  return Number(column[0]) === 1;
}
