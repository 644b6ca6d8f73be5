import type { Ask } from './client.ts';
import type { TableName } from './options.ts';

const FORGETS = 'a crash of the server may forget keys that were claimed or completed';

/** Each danger as a condition of the server's, where `$1` is the table and `$2` one of its functions, and what it means. */
const DANGERS = [
  ['to_regclass($1) is null', 'The table is not there, or cannot be seen: run `migrate`.'],
  [
    `not (${['select', 'insert', 'update', 'delete']
      .map((right) => `has_table_privilege(to_regclass($1), '${right}')`)
      .join(' and ')})`,
    'This user may not `select`, `insert`, `update` and `delete` in the table: keys are refused.',
  ],
  [
    `not has_function_privilege(to_regproc($2)::oid, 'execute')`,
    "This user may not `execute` the table's functions: keys are refused.",
  ],
  [
    'row_security_active(to_regclass($1))',
    'Row-level security applies to the table: keys are refused where its policies do not let this user see and write them.',
  ],
  [
    // SQL_ASCII takes all bytes as they come.
    `getdatabaseencoding() not in ('UTF8', 'SQL_ASCII')`,
    'The encoding of the database is not `UTF8`: results with characters that it does not have cannot be kept, and their outcome is unknown.',
  ],
  ['pg_is_in_recovery()', 'The server is a standby, which takes no writes.'],
  [
    `current_setting('default_transaction_read_only') = 'on'`,
    '`default_transaction_read_only` is on: no key can be claimed.',
  ],
  [`current_setting('fsync') = 'off'`, `\`fsync\` is off: ${FORGETS}.`],
  [
    `current_setting('full_page_writes') = 'off'`,
    '`full_page_writes` is off: a crash of the machine may damage the table.',
  ],
  [`current_setting('synchronous_commit') = 'off'`, `\`synchronous_commit\` is off: ${FORGETS}.`],
  [
    `exists (select from pg_class where oid = to_regclass($1) and relpersistence = 'u')`,
    `The table is unlogged: ${FORGETS}.`,
  ],
  [
    `current_setting('synchronous_standby_names') = '' and exists (select from pg_stat_replication)`,
    'A standby follows asynchronously (`synchronous_standby_names` is empty): after a failover to it, keys that were claimed or completed last may be unknown.',
  ],
  [
    `current_setting('synchronous_standby_names') <> '' and current_setting('synchronous_commit') = 'local'`,
    '`synchronous_commit` is `local`, which waits for no standby: after a failover to a synchronous one, too, keys that were claimed or completed last may be unknown.',
  ],
  [
    `current_setting('default_transaction_isolation') <> 'read committed'`,
    '`default_transaction_isolation` is not `read committed`: claims made at once, and transactions when they commit, may be refused with serialization errors.',
  ],
] as const;

/** What of the server's configuration endangers what the store promises, in whole sentences. */
export async function warningsOf(ask: Ask, table: TableName): Promise<readonly string[]> {
  const values = [table.sql(), table.sql('_claim')];
  const { column } = await ask({ text: QUESTION, values });
  return column.map((place) => DANGERS[Number(place)]![1]);
}

/** The places of those that are met: numbers are read alike whatever parsers a client has for other types. */
const QUESTION = `select place from (values
  ${DANGERS.map(([condition], place) => `(${place}, ${condition})`).join(',\n  ')}
) as dangers (place, is_met) where is_met order by place`;
