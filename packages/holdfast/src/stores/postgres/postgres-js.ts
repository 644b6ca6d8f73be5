import { Sleep } from '../../idempotency/sleep.ts';
import type { Clock } from '../../runtime/clock.ts';
import { answerOf } from './answer.ts';
import type { Ask, Database, Decided } from './client.ts';
import { Limit } from './limit.ts';

/** What is used of the `sql` function of postgres.js; `Tx` is the `sql` of a transaction. */
export interface PostgresJs<Tx = unknown> extends PostgresJsQueries {
  begin(work: (tx: Tx) => Promise<void>): Promise<unknown>;
}

/** What is used of any `sql` of postgres.js. */
export interface PostgresJsQueries {
  unsafe(
    text: string,
    values?: (string | number | null)[],
    options?: { prepare?: boolean },
  ): PromiseLike<PostgresJsRows>;
}

type PostgresJsRows = readonly unknown[] & {
  readonly count: number;
  /** What the server says that it has done; null if it has not answered. */
  readonly command?: string | null;
};

/** Milliseconds within which it is known whether an error was the connection's. */
const SOON = 1000;

/**
 * Asks over the `sql` function of postgres.js, which looks after the connections of transactions itself.
 *
 * It says at once when one is lost. What is asked of it after that, its own rollback included, ends the
 * process, or is done outside of any transaction on a connection that was opened anew (3.4.9,
 * https://github.com/porsager/postgres/pull/1215). So from then on nothing is asked, and the work's end is kept from it.
 */
export function postgresJsDatabase<Tx extends PostgresJsQueries>(
  sql: PostgresJs<Tx>,
  clock: Clock,
): Database<Tx> {
  return {
    ask: askOver(sql),
    transaction: async <T>(
      work: (ask: Ask, tx: Tx) => Promise<Decided<T>>,
      time: number = Infinity,
    ) => {
      let decided: Decided<T> | undefined;
      const lost = new AbortController();
      const limit = new Limit(clock, time);
      const begun = sql.begin(async (tx) => {
        const safe = whileOpen(tx, () => !lost.signal.aborted && !limit.isOver);
        try {
          decided = await Promise.race([work(askOver(safe), safe), limit.over]);
          // What is thrown is how this client is told to roll back.
          if (!decided.commit) throw ROLLBACK;
        } catch (error) {
          if (isOfConnection(error)) await new Sleep(clock, SOON, lost.signal).over;
          if (!lost.signal.aborted) throw error;
        }
        if (lost.signal.aborted) await new Promise<never>(() => {});
      });
      begun.catch(() => lost.abort());
      try {
        await Promise.race([begun, limit.over]);
      } catch (error) {
        if (error !== ROLLBACK) throw error;
      } finally {
        limit.stop();
      }
      return decided!.value;
    },
  };
}

const NO_ANSWER =
  'postgresStore: the server has not answered: behind a pooler that does not know prepared statements, give it { prepare: false }';

const ROLLBACK = new Error('rolled back');

/** Whether an error is of a connection, this one or another, by the codes of postgres.js and of Node. */
function isOfConnection(error: unknown): boolean {
  return /^(CONNECTION_|E[A-Z])/.test(String((error as { code?: unknown } | null)?.code));
}

/** The same handle, but every use of it throws once the transaction is over. */
function whileOpen<Handle extends object>(handle: Handle, isOpen: () => boolean): Handle {
  const wrapped = (value: unknown): unknown =>
    typeof value === 'function' ? whileOpen(value, isOpen) : value;
  return new Proxy(handle, {
    get: (target, key) => wrapped(Reflect.get(target, key)),
    apply: (target, self, given: unknown[]) => {
      if (!isOpen())
        throw new Error('the connection of this transaction was lost, or its time is over');
      // The work of a savepoint is handed such a handle as well.
      const parameters = given.map((each) =>
        typeof each === 'function' ? (inner: unknown) => each(wrapped(inner)) : each,
      );
      return Reflect.apply(target as () => unknown, self, parameters as []);
    },
  });
}

function askOver(queries: PostgresJsQueries): Ask {
  return async ({ name, text, values = [] }) => {
    const rows = await queries.unsafe(text, [...values], { prepare: name !== undefined });
    // This client takes it for an answer without rows.
    if (rows.command === null) throw new Error(NO_ANSWER);
    return answerOf(rows, rows.count);
  };
}
