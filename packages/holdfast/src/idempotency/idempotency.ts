import type { HoldfastError } from '../core/errors.ts';
import type { Awaitable } from './awaitable.ts';
import type { CloseOptions } from './options.ts';
import type { RecoveryPoint } from './store.ts';
import type { RefusingHook } from './telemetry.ts';

/**
 * Work that is done once for each key, however often and from wherever it is asked for, through
 * crashes, outages and races; see `idempotency`. `Tx` is the store's transaction, with
 * `mode: 'transactional'`, else undefined.
 */
export interface Idempotency<Tx = undefined> {
  /**
   * Does `work` once for this key, and answers every repeat with what it answered then. What it
   * answers must be JSON; undefined and void are.
   *
   * @throws (the promise rejects) what `work` throws;
   *   `IdempotencyConflictError` while another does it, when nobody knows how that ended, or at once when `work` asks
   *   for its own key (`why: 'nested'`);
   *   `IdempotencyMismatchError` if the key was used for something else;
   *   `IdempotencyStoreError` if the store cannot be asked, or a commit failed;
   *   `LeaseLostError` if the work was done but somebody else had taken over meanwhile.
   */
  idempotent<T>(
    key: string,
    work: (execution: Execution<Tx>) => T | PromiseLike<T>,
    options?: IdempotentOptions,
  ): Promise<T>;

  /**
   * For adapters, whose work has no function around it: says how the key stands. Without a promise, if the store answers
   * at once and there is nothing to wait for. That the store has failed is an answer as well.
   *
   * @throws (the promise rejects) TypeError for a key, a scope or a fingerprint that cannot be one; what `whenLeft`
   *   throws, and then the key was not asked for.
   */
  open(request: OpenRequest): Awaitable<Opened<Tx>>;

  /**
   * For operators: says how a key ended whose outcome is unknown, after somebody has looked where the effect would be.
   * `{ outcome: 'done', result }` is replayed from then on, for as long as the retention, to requests that ask for the same
   * as the first one; others are refused as before. After `{ outcome: 'nothing-happened' }` the key may be used again.
   *
   * Nothing but an unknown outcome is changed; what it answers says how the key stood otherwise. Of several who settle or
   * reconcile at once, one does. An owner that only hung is not heard any more, with one exception: after
   * `nothing-happened` its result is kept if nobody has used the key since. See `Reconciled`.
   *
   * It works from any process with an engine of the same name on the same store. Keys of HTTP are settled by the `settle`
   * that each framework's import exports, which knows their scope and how answers are kept.
   *
   * @throws (the promise rejects) TypeError for a key, a scope or an outcome that cannot be one, and with
   *   `mode: 'transactional'`, where no outcome is unknown (the compiler says so too);
   *   `IdempotencyStoreError` if the store cannot be asked or the engine is closed: ask again, since it may have been
   *   settled. Until the lease is over, it may be told that the key is in progress.
   */
  settle(
    this: Idempotency,
    key: string,
    outcome: Settlement,
    options?: SettleOptions,
  ): Promise<Settled>;

  /** For adapters: a function of their options has failed, and the request was refused. Told as `idempotency.hook-failed`. */
  hookFailed(hook: RefusingHook, error: unknown): void;

  /**
   * Warns of whatever endangers what the store promises: sentences, none if all is well. The engine itself asks this at
   * its first use; see `startCheck`. Rejects when the store cannot be asked, or does not answer within `storeTimeout`.
   */
  check(): Promise<readonly string[]>;

  /** Plain JSON: what runs and waits now, answers that have not left, and how the store's breaker stands. */
  snapshot(): Record<string, unknown>;

  /**
   * Ends the engine. All keys are refused from now on (`IdempotencyStoreError`; 503).
   *
   * It first waits for what is under way, if it is told to, and until the answers of middleware have left, to their
   * last byte. Until then the work of `idempotent` is still given keys that it asks for itself. What runs by `open`, as
   * handlers behind middleware do, is not, but may do its steps.
   *
   * Then it sends those away that still wait for another's answer, stops what goes on in the background, and lets go
   * of what the store has opened. A key that the store grants only then is given back, or left to its lease. Nothing
   * of the engine holds the process any more. If it was told to wait, it resolves only after another turn of the event
   * loop or two, in which those pass on what they were told who do not say when their answers leave (`whenLeft`).
   *
   * Work that still runs goes on, and keeps its key, as long as the process lives and clients of yours (Redis,
   * PostgreSQL) stay open; what it ends with is recorded. SQLite's file is closed, so there its lease runs out, and its
   * outcome is unknown, as after a crash. A transaction goes on until it commits, or `maxDuration`.
   *
   * @throws (the promise rejects) TypeError, RangeError for wrong options, and then nothing is closed; what the store's
   *   closing fails with.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** What a call of `idempotent` is about. */
export interface IdempotentOptions {
  /**
   * Of whom the key is: a tenant, a queue, a route. The same key in another scope is another key. Default none.
   */
  readonly scope?: readonly string[];
  /**
   * What is asked for: a repeat with another payload is refused. JSON, in which the order of keys does not
   * matter, or bytes. Default: not compared.
   */
  readonly payload?: unknown;
  /** Ends the wait for another's answer; work that has begun goes on. */
  readonly signal?: AbortSignal;
}

/** What `open` is asked. */
export interface OpenRequest {
  readonly key: string;
  readonly scope: readonly string[];
  /**
   * Of what is asked for: 1 to 64 letters, digits, `-` and `_`, as `fingerprintOf` makes them, and `digest('hex')` or
   * `digest('base64url')` of Node's hashes; those of plain `base64` have other characters.
   */
  readonly fingerprint: string;
  /** Ends a wait for another's answer. As a function, it is asked for only before such a wait. */
  readonly signal?: AbortSignal | (() => AbortSignal) | undefined;
  /** Writes what `reconcile` has found as a result; JSON by default. */
  readonly encode?: (found: unknown) => string;
  /**
   * Is given what to call when the answer has left the process or never will: a close that waits, waits for that as
   * well. Not asked when the engine is closed. Default: an answer has left when the asker has it.
   */
  readonly whenLeft?: ((left: () => void) => void) | undefined;
  /** Over the options' `onStoreDown`. */
  readonly onStoreDown?: 'closed' | 'open' | undefined;
}

/** How a key stands. */
export type Opened<Tx> =
  /** It is the asker's, who does the work and then ends the execution, once. */
  | { readonly kind: 'run'; readonly execution: OwnedExecution<Tx> }
  /** The work was done: what was kept of it, and for how many milliseconds it still is. */
  | { readonly kind: 'replay'; readonly result: string; readonly expiresIn: number }
  /** The error says why: `IdempotencyConflictError`, `IdempotencyMismatchError`, `IdempotencyStoreError`, or the signal's reason. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** The store is down and the options say to go on without: the work is done, and nothing is kept. */
  | { readonly kind: 'unprotected' };

/** What work is told. */
export interface Execution<Tx = undefined> {
  readonly key: string;
  /** 1, or more after a takeover. */
  readonly attempt: number;
  /**
   * Aborts with a `LeaseLostError` when the key may be another's, or the transaction has ended: work that can stop
   * should. The caller's going away does not abort it.
   */
  readonly signal: AbortSignal;
  /** The store's transaction, with `mode: 'transactional'`; it is committed with the record. */
  readonly transaction: Tx;
  /**
   * Does one step of the work once, even if the whole is taken over after a crash: what it answered (JSON) is
   * kept as a recovery point. A crash between the step's effect and its point still repeats the step, so give what it
   * calls a key of its own: `keyFor(name)`.
   *
   * Steps of one name are one. Where one is under way, a second gets what the first comes to; so a step must not ask
   * for itself, or it waits for ever. One that fails is forgotten, and may be tried again.
   *
   * Rejects with a `LeaseLostError` if somebody else has taken over, or the result of the whole is kept by then, before
   * the work where that can be known. If the store cannot be told, the work goes on, and only a takeover would repeat the
   * step.
   */
  readonly step: <T>(name: string, work: () => T | PromiseLike<T>) => Promise<T>;
  /** The recovery points so far, by name. */
  readonly points: ReadonlyMap<string, unknown>;
  /** A key for a call further down: the same in every attempt, and different for each name. At most 64 characters. */
  readonly keyFor: (name: string) => string;
}

/** An execution, and the three ways to end it. The first that is used counts; further ones do nothing. */
export interface OwnedExecution<Tx> extends Execution<Tx> {
  /**
   * Keeps the result. Answers once it is durable, or has turned out not to be for now; see `Completion`.
   *
   * @throws (the promise rejects) TypeError for what is no text, or one that not every store keeps as it is: with NUL or
   *   half of a surrogate pair, which `JSON.stringify` escapes. The execution has not ended then.
   */
  complete(result: string): Awaitable<Completion>;
  /**
   * Nothing has happened: whoever comes next may do it; with `onExpiredLease: 'takeover'`, from the recovery points, if
   * there are any. In a transaction: rolls back.
   */
  release(): Promise<void>;
  /**
   * Nobody knows what has happened: repeats are refused, or whatever the options say. In a transaction: rolls back.
   *
   * @param fault what `storeResult` failed with, if that is why: told as `idempotency.hook-failed`.
   */
  hold(fault?: unknown): Promise<void>;
}

/**
 * What became of a result. `kept`: it is durable. `later`: the store cannot be reached, and is told in the background
 * as long as the lease holds. `lost`: somebody else had taken over, and theirs counts. `refused`, only in a
 * transaction: the commit failed, so nothing has happened, or nobody knows.
 */
export type Completion =
  | { readonly kind: 'kept' }
  | { readonly kind: 'later' }
  | { readonly kind: 'lost'; readonly error: HoldfastError }
  | { readonly kind: 'refused'; readonly error: HoldfastError };

/** What `reconcile` is told: an execution that nobody knows the end of. */
export interface Unfinished {
  readonly key: string;
  readonly scope: readonly string[];
  /** How many have begun it. */
  readonly attempts: number;
  readonly points: readonly RecoveryPoint[];
  /** The key that the work gave to what it called: by it, the effect can be looked for. See `Execution`. */
  readonly keyFor: (name: string) => string;
}

/**
 * What `reconcile` has found out: it was done, with this result (JSON, and undefined for none; over HTTP an answer, of
 * `status`, `headers` and `body`); nothing has happened, so it may be done; or it still cannot be told. A `done` without a
 * `result`, or with a promise as one, is refused: what is kept is final.
 *
 * An owner that only hung may go on after `nothing-happened`: a `step` that it begins then is refused, but one that it
 * had begun goes on. What it ends with is kept if nobody has used the key since, and refused otherwise.
 */
export type Reconciled =
  | { readonly outcome: 'done'; readonly result: unknown }
  | { readonly outcome: 'nothing-happened' }
  | { readonly outcome: 'unknown' };

/** What `settle` is told: it was done, with this result, or nothing has happened; see `Reconciled`. */
export type Settlement = Exclude<Reconciled, { readonly outcome: 'unknown' }>;

/**
 * What came of it. `settled`: it is durable. Otherwise nothing has changed, since the outcome was not unknown: `absent`,
 * nobody has used the key, or it was forgotten; `in-progress`, somebody has it, or its lease is not over yet; `completed`.
 */
export type Settled = 'settled' | 'absent' | 'in-progress' | 'completed';

/** Which key is settled, and how its result is kept. */
export interface SettleOptions {
  /** The one that the key was used with. Default none. */
  readonly scope?: readonly string[];
  /** Writes the result as a text, for keys that are opened with `open`. Default as `idempotent` does. */
  readonly encode?: (result: unknown) => string;
}

/** What to do with an outcome: keep it for repeats, forget the key, or leave it as unknown. */
export type Keep = 'store' | 'release' | 'hold';
