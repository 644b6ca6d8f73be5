import type { Ask } from './client.ts';
import type { TableName } from './options.ts';

const FORGETS = 'a crash of the server may forget keys that were claimed or completed';

/** What each danger means, in the order in which they are said. */
const DANGERS = {
  is_missing: 'The table is not there, or cannot be seen: run `migrate`.',
  is_standby: 'The server is a standby, which takes no writes.',
  no_fsync: `\`fsync\` is off: ${FORGETS}.`,
  no_full_page_writes: `\`full_page_writes\` is off: a crash of the machine may damage the table.`,
  no_synchronous_commit: `\`synchronous_commit\` is off: ${FORGETS}.`,
  is_unlogged: `The table is unlogged: ${FORGETS}.`,
  has_lagging_standby:
    'A standby follows asynchronously (`synchronous_standby_names` is empty): after a failover to it, keys that were claimed or completed last may be unknown.',
  is_strict:
    '`default_transaction_isolation` is not `read committed`: claims made at once may be refused with serialization errors.',
} as const;

/** What of the server's configuration endangers what the store promises, in whole sentences. */
export async function warningsOf(ask: Ask, table: TableName): Promise<readonly string[]> {
  const { rows } = await ask({ text: QUESTION, values: [table.sql()] });
  const found = rows[0] ?? {};
  return Object.entries(DANGERS).flatMap(([name, sentence]) => (found[name] ? [sentence] : []));
}

const QUESTION = `select
  to_regclass($1) is null as is_missing,
  pg_is_in_recovery() as is_standby,
  current_setting('fsync') = 'off' as no_fsync,
  current_setting('full_page_writes') = 'off' as no_full_page_writes,
  current_setting('synchronous_commit') = 'off' as no_synchronous_commit,
  exists (
    select from pg_class where oid = to_regclass($1) and relpersistence = 'u'
  ) as is_unlogged,
  current_setting('synchronous_standby_names') = ''
    and exists (select from pg_stat_replication) as has_lagging_standby,
  current_setting('default_transaction_isolation') <> 'read committed' as is_strict`;
