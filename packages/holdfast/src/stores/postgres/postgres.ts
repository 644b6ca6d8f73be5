import { parseOptions } from '../../core/options.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import type {
  Claim,
  Granted,
  Transacted,
  TransactRequest,
  TransactionalStore,
} from '../../idempotency/store.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { systemRuntime } from '../../runtime/system.ts';
import type { Answer } from './answer.ts';
import { warningsOf } from './check.ts';
import { type Ask, databaseOf, type PostgresClient, type TransactionOf } from './client.ts';
import { type PostgresStoreOptions, postgresOptions, type TableName } from './options.ts';
import { type Statement, statementsOf } from './statements.ts';

/**
 * Records in PostgreSQL: for a fleet, and for effects that are rows of the same database. With
 * `mode: 'transactional'` the work gets the transaction in which its record is kept, and both commit or
 * neither does, through a crash at any moment.
 *
 * The table must be there: see `migrate`. Every step is one round trip and one statement that commits
 * by itself, on the server's clock. A server clock that is set forward ends leases and retentions early.
 *
 * `client` is a `pg.Pool`, or the `sql` function of postgres.js; the store neither opens nor closes it.
 * Each transaction holds one of its connections as long as the work runs, so let it have as
 * many as work may run at once, and some more. Like every user of `pg.Pool`, listen to its `error` event.
 *
 * A transaction that lasts for longer than the engine's `maxDuration` is rolled back, and its connection closed. The
 * server is told of that limit too (`idle_in_transaction_session_timeout` and `statement_timeout`, unless they are
 * shorter), for an owner who falls silent, and for a statement that does not end.
 *
 * For transactions prefer `pg`: when the server closes a connection that is in one, postgres.js 3.4.9 can end the
 * process, and a query that was made before the loss and awaited after it can run outside of the transaction. The
 * record is never written then, but such a query's effect may stand.
 *
 * When its disk is full, further keys are refused (`StoreFullError`), and those that are kept can be told.
 *
 * Work may not end its transaction, nor release its connection.
 *
 * @throws TypeError, RangeError for a client or options that are wrong.
 */
export function postgresStore<Client extends PostgresClient>(
  client: Client,
  options: PostgresStoreOptions = {},
  runtime: Runtime = systemRuntime,
): TransactionalStore<TransactionOf<Client>> {
  const { table, prepare } = parseOptions(postgresOptions, options, 'postgresStore');
  const database = databaseOf<TransactionOf<Client>>(client, 'postgresStore', runtime);
  const statements = statementsOf(table);
  const over =
    (ask: Ask): Tell =>
    ({ text, name }, ...values) =>
      ask({ text, values, ...(prepare ? { name } : {}) }).catch((error: unknown) => {
        throw explained(error, table);
      });
  const tell = insistent(over(database.ask));

  return {
    name: 'postgres',

    claim: async ({ id, token, fingerprint, lease, retention, expired }) => {
      const { claim } = statements;
      return claimIn(await tell(claim, id, token, fingerprint, lease, retention, expired))!;
    },
    extend: async ({ id, token }, lease) => isOne(await tell(statements.extend, id, token, lease)),
    checkpoint: async ({ id, token }, { name, value }, lease) =>
      isOne(await tell(statements.checkpoint, id, token, name, value, lease)),
    complete: async ({ id, token }, result, retention) =>
      isOne(await tell(statements.complete, id, token, result, retention)),
    release: async ({ id, token }) => isOne(await tell(statements.release, id, token)),
    reap: async (limit) => (await tell(statements.reap, limit)).count,

    check: () => warningsOf(database.ask, table),
    close: () => Promise.resolve(),

    transact: <T>(
      { id, token, fingerprint, retention, maxDuration }: TransactRequest,
      work: (tx: TransactionOf<Client>) => Promise<Transacted<T>>,
    ) =>
      database.transaction<Standing | Done<T>>(async (ask, tx) => {
        const { lock, record } = statements;
        const tellInside = over(ask);
        const standing = claimIn(await tellInside(lock, id, token, fingerprint, maxDuration));
        if (standing !== null) return { commit: false, value: standing as Standing };
        const { result, value } = await work(tx);
        const done: Done<T> = { kind: 'done', value };
        if (result === null) return { commit: false, value: done };
        const kept = await tellInside(record, id, token, fingerprint, result, retention);
        if (!isOne(kept)) throw new Error(NOT_KEPT);
        return { commit: true, value: done };
      }, maxDuration),
  };
}

const NOT_KEPT =
  'the result was not kept: this key was claimed in leased mode meanwhile, or the transaction has ended before the work';

type Standing = Exclude<Claim, Granted>;
type Done<T> = { readonly kind: 'done'; readonly value: T };

/** What the functions of the migration answer: null says that the key may be had, so nothing else may be taken for it. */
function claimIn({ column }: Answer): Claim | null {
  const [answer] = column;
  if (typeof answer === 'string') return JSON.parse(answer) as Claim;
  // Some clients are set up to make undefined of null.
  if (column.length !== 1 || (answer ?? null) !== null) throw new TypeError(NO_TEXT);
  return null;
}

const NO_TEXT =
  'postgresStore: its client has made something else of a text: give it one without `transform.value`, `transform.row` and parsers for text';

type Tell = (statement: Statement, ...values: (string | number | null)[]) => Promise<Answer>;

/** Tries again after a serialization failure, which is usual above READ COMMITTED: what is refused so was not done. */
function insistent(tell: Tell): Tell {
  return async (...asked) => {
    for (let tries = 1; ; tries++) {
      try {
        return await tell(...asked);
      } catch (error) {
        if (codeOf(error) !== SERIALIZATION_FAILURE || tries === MOST_TRIES) throw error;
      }
    }
  };
}

const SERIALIZATION_FAILURE = '40001';
const MOST_TRIES = 5;

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

const isOne = ({ count }: Answer): boolean => count === 1;

/** Undefined table, undefined function, invalid schema name. */
const NOT_THERE: ReadonlySet<unknown> = new Set(['42P01', '42883', '3F000']);

/** A prepared statement that is not there, or is already. */
const MISPLACED: ReadonlySet<unknown> = new Set(['26000', '42P05']);

const DISK_FULL = '53100';

function explained(error: unknown, table: TableName): unknown {
  const code = codeOf(error);
  if (code === DISK_FULL) return new StoreFullError((error as Error).message, { cause: error });
  if (MISPLACED.has(code)) return new Error(misplaced(error as Error), { cause: error });
  if (!NOT_THERE.has(code)) return error;
  const missing = `postgresStore: the table '${table.given}' is not there, or not as this version needs it; run migrate(client, { table: '${table.given}' }) first`;
  return new Error(missing, { cause: error });
}

const misplaced = ({ message }: Error): string =>
  `postgresStore: ${message}: behind a pooler that does not know prepared statements, give it { prepare: false }`;
