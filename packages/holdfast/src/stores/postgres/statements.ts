import { createHash } from 'node:crypto';
import type { TableName } from './options.ts';

/** What is asked of the server: `name` is for it alone, where statements are prepared by name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** The statements of one table. Times are the server's own, and not those of the transaction, which stand still. */
export function statementsOf(table: TableName) {
  const records = table.sql();
  return {
    /** See `migrations/0001-records.sql`. */
    claim: statement(
      `select ${table.sql('_claim')}($1, $2, $3, $4, $5, $6) as answer where ${PATIENT}`,
    ),
    lock: statement(`select ${table.sql('_lock')}($1, $2, $3, $4) as answer`),

    extend: statement(
      `update ${records} set
        lease_until = ${fromNow('$3')},
        expires_at = greatest(expires_at, ${fromNow('$3')})
      where ${OWNED}`,
    ),

    checkpoint: statement(
      `update ${records} set
        point_names = case
          when $3 = any(point_names) then point_names
          else array_append(point_names, $3)
        end,
        point_values[coalesce(
          array_position(point_names, $3), cardinality(point_names) + 1, 1
        )] = $4,
        lease_until = ${fromNow('$5')},
        expires_at = greatest(expires_at, ${fromNow('$5')})
      where ${OWNED}`,
    ),

    complete: statement(
      `update ${records} set
        result = $3,
        expires_at = ${fromNow('$4')},
        token = null,
        lease_until = null,
        point_names = null,
        point_values = null
      where ${OWNED}`,
    ),

    release: statement(`delete from ${records} where ${OWNED}`),

    /**
     * The lock has the key, so a record in the way is one that has expired, unless modes are mixed. And only in the
     * transaction that has the lock: some clients open a new connection when one was lost.
     */
    record: statement(
      `insert into ${records} as old (id, fingerprint, result, expires_at)
      select $1, $3, $4, ${fromNow('$5')}
      where current_setting('holdfast.transaction', true) = $2
      on conflict (id) do update set
        fingerprint = excluded.fingerprint,
        result = excluded.result,
        expires_at = excluded.expires_at,
        token = null,
        reconciler = null,
        attempt = 1,
        lease_until = null,
        point_names = null,
        point_values = null
      where old.expires_at <= clock_timestamp()`,
    ),

    reap: statement(REAP.replaceAll('records', records)),
  };
}

/**
 * Ends a wait for another's lock after a second, by when the engine has given up, and leaves the session as it was. Or
 * every further try would wait beside it, on a connection of its own, until none was left for other keys.
 */
const PATIENT = `set_config('lock_timeout', '1s', true) <> ''`;

/** An expired record is nobody's. Whether the lease is over is nobody's business but a claim's. */
const OWNED = `id = $1 and token = $2 and expires_at > clock_timestamp() and ${PATIENT}`;

const fromNow = (milliseconds: string) =>
  `clock_timestamp() + ${milliseconds} * interval '1 millisecond'`;

/** Two that reap at once take different records. The clock is read once, or the index would not serve. */
const REAP = `delete from records where id = any (array(
    select id from records
    where expires_at <= (select clock_timestamp())
    order by expires_at
    limit $1
    for update skip locked
  ))`;

/** Two texts never share a name, whichever stores and versions of Holdfast use a connection. */
function statement(text: string): Statement {
  const digest = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { name: `holdfast_${digest}`, text };
}
