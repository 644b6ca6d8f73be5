import type { Clock } from '../../runtime/clock.ts';
import { answerOf } from './answer.ts';
import type { Ask, Database } from './client.ts';
import { Limit } from './limit.ts';

/** What is used of `pg.Pool`; `Connection` is what its `connect()` gives. */
export interface PgPool<Connection = unknown> extends PgQueries {
  connect(): Promise<Connection>;
}

/** What is used of a connection of `pg.Pool`. */
export interface PgConnection extends PgQueries {
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  release(destroy?: boolean): void;
}

interface PgQueries {
  query(question: { name?: string; text: string; values?: unknown[] }): Promise<PgResult>;
}

interface PgResult {
  readonly rows?: readonly unknown[];
  readonly rowCount: number | null;
  readonly command: string;
}

/** Asks over a `pg.Pool`. */
export function pgDatabase<Connection extends PgConnection>(
  pool: PgPool<Connection>,
  clock: Clock,
): Database<Connection> {
  return {
    ask: askOver(pool),
    transaction: async (work, time = Infinity) => {
      const { connection, lost, lose } = await connected(pool);
      const limit = new Limit(clock, time);
      let isClean = false;
      let failure: { readonly error: unknown } | undefined;
      const run = async () => {
        try {
          await connection.query({ text: 'begin' });
          const { commit, value } = await work(askOver(connection), connection);
          await end(connection, commit ? 'COMMIT' : 'ROLLBACK');
          isClean = true;
          return value;
        } catch (error) {
          failure = { error };
          isClean = await isRolledBack(connection);
          throw error;
        }
      };
      try {
        return await Promise.race([run(), limit.over, lost]);
      } catch (error) {
        // What failed first says why: after it comes only that the connection has ended.
        throw failure === undefined ? error : (failure as { readonly error: unknown }).error;
      } finally {
        limit.stop();
        connection.removeListener('error', lose);
        connection.release(!isClean);
      }
    },
  };
}

/** A connection, and what tells of its loss: work that asks nothing of it for long would not hear of it. */
interface Held<Connection> {
  readonly connection: Connection;
  /** Rejects when it is lost, with what the server has said. */
  readonly lost: Promise<never>;
  /** Hears its errors. */
  readonly lose: (error: Error) => void;
}

/**
 * A connection that is lost between two questions emits `error`, which ends the process if nobody listens. That may come
 * in the same packet as its being open, before a promise could tell of it: so the pool is asked by callback.
 */
function connected<Connection extends PgConnection>(
  pool: PgPool<Connection>,
): Promise<Held<Connection>> {
  const { promise, resolve, reject } = Promise.withResolvers<Held<Connection>>();
  const use = (connection: Connection | undefined): void => {
    if (typeof connection?.release !== 'function') {
      reject(new TypeError('postgresStore needs a pg.Pool, got something else that has connect()'));
      return;
    }
    const { promise: lost, reject: lose } = Promise.withResolvers<never>();
    // It may be before anybody waits.
    lost.catch(() => {});
    connection.on('error', lose);
    resolve({ connection, lost, lose });
  };
  const asked = (pool as ByCallback<Connection>).connect((error, connection) =>
    error ? reject(error) : use(connection),
  );
  // What stands in for a pool may know of promises alone.
  asked?.then(use, reject);
  return promise;
}

interface ByCallback<Connection> {
  connect(
    callback: (error: Error | null | undefined, connection?: Connection) => void,
  ): Promise<Connection> | void;
}

function askOver(queries: PgQueries): Ask {
  return async ({ name, text, values }) => {
    const { rows, rowCount } = await queries.query({
      text,
      ...(values === undefined ? {} : { values: [...values] }),
      ...(name === undefined ? {} : { name }),
    });
    return answerOf(rows, rowCount ?? 0);
  };
}

/** Ends a transaction. After a statement that has failed PostgreSQL makes a rollback of a commit, without an error. */
async function end(connection: PgConnection, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
  const { command } = await connection.query({ text: how });
  if (command !== how)
    throw new Error('the transaction was rolled back: a statement in it had failed');
}

/** Whether the connection is known to be outside of any transaction. */
function isRolledBack(connection: PgConnection): Promise<boolean> {
  return connection.query({ text: 'rollback' }).then(
    () => true,
    () => false,
  );
}
