import { show } from '../../core/options.ts';
import { checkRuntime, type Runtime } from '../../runtime/runtime.ts';
import type { Answer } from './answer.ts';
import { type PgConnection, type PgPool, pgDatabase } from './pg.ts';
import { type PostgresJs, type PostgresJsQueries, postgresJsDatabase } from './postgres-js.ts';

/** A `pg.Pool`, or the `sql` function of `postgres` (postgres.js). */
export type PostgresClient = PgPool | PostgresJs;

/** What a client's transactions hand to work: a connection of a `pg.Pool`, or the `sql` of a transaction. */
export type TransactionOf<Client> = Client extends { begin: infer Begin }
  ? BegunBy<Begin>
  : Client extends { connect: infer Connect }
    ? ConnectedBy<Connect>
    : never;

// Of overloads, TypeScript infers from the last alone, unless it is shown as many.
type BegunBy<Begin> = Begin extends {
  (work: infer Work): unknown;
  (options: string, work: never): unknown;
}
  ? Handed<Work>
  : Begin extends (work: infer Work) => unknown
    ? Handed<Work>
    : never;
type Handed<Work> = Work extends (tx: infer Tx) => unknown ? Tx : never;
type ConnectedBy<Connect> = Connect extends {
  (): Promise<infer Connection>;
  (callback: never): unknown;
}
  ? Connection
  : Connect extends () => Promise<infer Connection>
    ? Connection
    : never;

/** What is asked of the server. Without values it may be several statements. */
export interface Question {
  readonly text: string;
  readonly values?: readonly (string | number | null)[];
  /** Prepares it by this name. */
  readonly name?: string;
}

export type Ask = (question: Question) => Promise<Answer>;

/** What work in a transaction comes to. */
export interface Decided<T> {
  readonly commit: boolean;
  readonly value: T;
}

/** What the store asks of a client, whichever it is. */
export interface Database<Tx> {
  readonly ask: Ask;
  /**
   * Begins a transaction, and commits or rolls back as `work` has it; rolls back when `work` throws, and
   * rejects with that. A connection of which nobody knows how it stands is not used again.
   *
   * @param limit milliseconds after which it ends, rolled back, and rejects; what work asks of it later is refused.
   */
  transaction<T>(work: (ask: Ask, tx: Tx) => Promise<Decided<T>>, limit?: number): Promise<T>;
}

/**
 * One way to ask either client.
 *
 * @throws TypeError if it is neither, and for less than a runtime.
 */
export function databaseOf<Tx>(client: unknown, path: string, runtime: Runtime): Database<Tx> {
  checkRuntime(runtime, path);
  if (hasMethods(client, 'unsafe', 'begin')) {
    const sql = client as unknown as PostgresJs<PostgresJsQueries>;
    return postgresJsDatabase(sql, runtime.clock) as Database<never>;
  }
  if (hasMethods(client, 'query', 'connect')) {
    return pgDatabase(client as unknown as PgPool<PgConnection>, runtime.clock) as Database<never>;
  }
  throw new TypeError(
    `${path} needs a pg.Pool or the sql function of postgres.js, got ${show(client)}`,
  );
}

function hasMethods(client: unknown, ...names: readonly string[]): client is object {
  const isThing = typeof client === 'function' || (typeof client === 'object' && client !== null);
  return (
    isThing &&
    names.every((name) => typeof (client as Record<string, unknown>)[name] === 'function')
  );
}
