import { disregard, isThenable } from '../core/edge.ts';
import {
  callback,
  duration,
  flag,
  integer,
  oneOf,
  type OptionsOf,
  type ParsedOf,
  show,
} from '../core/options.ts';
import type { Keep, Reconciled, Unfinished } from './idempotency.ts';
import type { IdempotencyStore, TransactionalStore } from './store.ts';
import type { IdempotencyEvent } from './telemetry.ts';

/** What work came to: its value, or what it threw. */
export type WorkOutcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** The options of `idempotency`, beside its name, its store and its mode. */
export const idempotencyOptions = {
  /**
   * How long a claim holds without a sign of life: after a crash, how long the key is in progress. It is
   * extended every third of it while the work runs. 100 ms to 1 h; default 30 s.
   */
  lease: duration({
    what: 'How long a claim holds if its owner does not extend it',
    default: '30s',
    min: 100,
    max: 3_600_000,
  }),
  /**
   * How long work may go on. After that its lease is not extended any more, so nobody knows what became of it; a
   * transaction is rolled back. Without this, a handler that never answers would keep its key for ever. 1 s to 366 days;
   * default 1 h.
   */
  maxDuration: duration({
    what: 'How long work may run; after that its lease is no longer extended, or its transaction is rolled back',
    default: '1h',
    min: 1000,
    max: 366 * 86_400_000,
  }),
  /**
   * How long a record is kept: longer than anybody retries. 1 s to 366 days, at least the lease; default 24 h
   * (Stripe's).
   */
  retention: duration({
    what: 'How long a record is kept: longer than anybody retries',
    default: '24h',
    min: 1000,
    max: 366 * 86_400_000,
  }),
  /**
   * What becomes of a key whose owner died: `refuse` answers that the outcome is unknown; `takeover` lets
   * the next asker do the work again, for work that is resumable: made of `step`s, or harmless to repeat.
   * Default `refuse`.
   */
  onExpiredLease: oneOf(['refuse', 'takeover'], {
    what: 'What becomes of a key whose owner died: its outcome is unknown, or the next asker takes over',
    default: 'refuse',
  }),
  /**
   * Finds out what became of an execution whose owner died, by asking whoever had the effect. Called once for a key,
   * for the first who asks when its lease is over. After work that failed that is a whole lease later, since a call
   * that it gave up waiting for may still have its effect. Default none: such keys are refused. Not with
   * `onExpiredLease: 'takeover'`, which would never ask it.
   */
  reconcile: callback<(unfinished: Unfinished) => Reconciled | PromiseLike<Reconciled>>({
    what: 'Finds out what became of an execution whose owner died; called once for a key',
  }),
  /**
   * The longest value of `idempotent` that is kept, in characters of its JSON. A longer one is the first asker's alone:
   * repeats are told that it was done and cannot be replayed. All that the `step`s of one key have answered has the same
   * bound together, and the step that goes beyond it fails. 0 to 100 000 000; default 1 000 000.
   */
  maxResultLength: integer({
    what: 'The longest value that is kept, and all steps of one key together, in characters of their JSON',
    default: 1_000_000,
    min: 0,
    max: 100_000_000,
  }),
  /** How long a repeat waits for the first's answer before it is refused. 0 to 1 h; default 0. */
  wait: duration({
    what: "How long a repeat waits for the first's answer before it is refused",
    default: 0,
    max: 3_600_000,
  }),
  /** Repeats that may wait at once; further ones are refused. 0 to 1 000 000; default 1000. */
  maxWaiters: integer({
    what: 'Repeats that may wait at once; further ones are refused',
    default: 1000,
    min: 0,
    max: 1_000_000,
  }),
  /**
   * Without the store: `closed` refuses, and nothing is done; `open` does the work unprotected, and counts
   * it. In a transaction always `closed`: without the store there is none. Default `closed`.
   */
  onStoreDown: oneOf(['closed', 'open'], {
    what: 'What happens when the store cannot be asked: refuse, or do the work unprotected',
    default: 'closed',
  }),
  /** The most that one step of the store may take. 1 ms to 1 min; default 1 s. */
  storeTimeout: duration({
    what: 'The most that one step of the store may take',
    default: '1s',
    min: 1,
    max: 60_000,
  }),
  /**
   * How many results that were replayed lately are replayed again without asking the store, for up to 5 s. So of a storm
   * of repeats only those ask it that come before the first replay. Results of more than 16 KiB are not among them. 0 to
   * 1 000 000, 0 for none; default 1000.
   */
  replayCache: integer({
    what: 'How many replayed results are kept in memory, to be replayed for 5 s without asking the store',
    default: 1000,
    min: 0,
    max: 1_000_000,
  }),
  /**
   * Whether the store is asked, once, what of its configuration endangers its promises, such as persistence that is
   * off. That happens in the background after the first key: no call waits for it or fails by it, and a store that
   * does not answer is asked again later. Each finding is an event, `idempotency.store-warned`; with neither `onEvent` nor a sink
   * it is a warning of the process (`process.emitWarning`), as nobody would hear of it otherwise. Default true.
   */
  startCheck: flag({
    what: 'Whether the configuration of the store is checked once for what endangers its promises',
    default: true,
  }),
  /**
   * What to do with an outcome of `idempotent`. Default: values are stored; of what is thrown, errors marked
   * by `safeToRetry` release the key, and after all others nobody knows what has happened (`hold`). What it throws, or
   * answers beside those three words, is held, and the caller gets it as an error: the work was done.
   */
  storeResult: callback<(outcome: WorkOutcome) => Keep>({
    what: 'What to do with an outcome: store it, release the key, or hold it as unknown',
  }),
  /** Told every event of this engine, synchronously; what it throws is dropped. */
  onEvent: callback<(event: IdempotencyEvent) => void>({
    what: 'Called with every event of this engine',
  }),
};

export type ParsedIdempotency = ParsedOf<typeof idempotencyOptions>;

/** The options of `close`. */
export const closeOptions = {
  /** How long it waits for what is under way: work, repeats that wait, answers on their way, what the store could not be told yet. 0 to 1 h; default 0. */
  wait: duration({
    what: 'How long a close waits for what is under way',
    default: 0,
    max: 3_600_000,
  }),
};

/** See `Idempotency.close`. */
export interface CloseOptions extends OptionsOf<typeof closeOptions> {}

/** See `idempotency`. */
export type IdempotencyOptions = OptionsOf<typeof idempotencyOptions> & {
  /**
   * In events and errors, and part of every key's scope: two engines of different names never meet in one store.
   * Default `idempotency`.
   */
  readonly name?: string;
  readonly store: IdempotencyStore;
  /** Records and effects are written one after the other, under a lease. */
  readonly mode?: 'leased';
};

/** Options that say what to do when an outcome is unknown, which it never is in a transaction. */
export const OF_LEASES = ['onExpiredLease', 'reconcile'] as const;

/** The same, over a store that keeps records where the effects happen. */
export type TransactionalOptions<Tx> = Omit<
  IdempotencyOptions,
  'store' | 'mode' | 'onStoreDown' | (typeof OF_LEASES)[number]
> & {
  readonly store: TransactionalStore<Tx>;
  /** Without the store there is no transaction that work could be given, so it is refused. */
  readonly onStoreDown?: 'closed' | undefined;
  /** The work gets the store's transaction, and its record commits with it: once, through any crash. */
  readonly mode: 'transactional';
};

/** What the compiler says of a store without transactions in `mode: 'transactional'`. */
export interface MissingTransactions extends IdempotencyStore {
  readonly "mode 'transactional' needs a store with transactions, such as postgresStore(...)": never;
}

/** The options of either mode. An overload of its own, and the last: the compiler's errors are about that one. */
export type EitherOptions = IdempotencyOptions | TransactionalIdempotency;

interface TransactionalIdempotency extends Omit<TransactionalOptions<never>, 'store'> {
  // The second has little in common with a store, so the compiler names what the first lacks.
  readonly store: MissingTransactions | Pick<TransactionalStore<never>, 'transact'>;
}

/**
 * What a `storeResult` has answered.
 *
 * @throws TypeError for what is none of its three words; a promise, say.
 */
export function checkKeep(keep: Keep, path: string, cause?: unknown): Keep {
  if (keep === 'store' || keep === 'release' || keep === 'hold') return keep;
  // A promise is wrong whatever it comes to: that it may reject is nobody's.
  disregard(keep);
  const about = cause === undefined ? undefined : { cause };
  const given = isThenable(keep) ? 'a promise' : show(keep);
  throw new TypeError(`${path} must answer 'store', 'release' or 'hold', got ${given}`, about);
}

const harmless = new WeakSet<object>();

/**
 * Marks an error that work throws: nothing has happened yet, so the key is released and a repeat does the
 * work. Answers the error, to be thrown.
 *
 * @throws TypeError for what is no object.
 */
export function safeToRetry<E extends object>(error: E): E {
  if (typeof error !== 'object' || error === null) {
    throw new TypeError('safeToRetry marks an error object');
  }
  harmless.add(error);
  return error;
}

/** Whether an error was marked. */
export function isSafeToRetry(error: unknown): boolean {
  return typeof error === 'object' && error !== null && harmless.has(error);
}
