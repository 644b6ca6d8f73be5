import { emit } from '../core/events.ts';
import { IdempotencyStoreError, LeaseLostError } from './errors.ts';
import { hookFailed } from './hook-failed.ts';
import type { Completion, OwnedExecution } from './idempotency.ts';
import { ended, type Keeper } from './keeper.ts';
import { derivedKey, Steps } from './steps.ts';
import type {
  Claim,
  Granted,
  IdempotencyStore,
  Transacted,
  TransactionalStore,
  TransactRequest,
} from './store.ts';
import type { IdempotencyLeaseLostEvent } from './telemetry.ts';
import { wrongResult } from './values.ts';

const UNCOMMITTED = 'the transaction was not committed, or the answer to that was lost';

/** How a key stands inside of a transaction. */
export type Begun<Tx> =
  | { readonly kind: 'run'; readonly execution: TransactionExecution<Tx> }
  | Exclude<Claim, Granted>;

/** Begins a transaction, and answers as soon as it is known how the key stands. The work ends it. Rejects when it could not begin. */
export function beginTransaction<Tx>(
  keeper: Keeper,
  request: Omit<TransactRequest, 'maxDuration'>,
  asked: { readonly key: string; readonly at: number },
): Promise<Begun<Tx>> {
  let isAsked = true;
  let execution: TransactionExecution<Tx> | undefined;
  const begin = (store: IdempotencyStore): Promise<Begun<Tx>> => {
    const { promise, resolve, reject } = Promise.withResolvers<Begun<Tx>>();
    const work = (tx: Tx): Promise<Transacted<void>> => {
      // Who asked may have been told by now that the store is too slow.
      if (!isAsked) return Promise.resolve({ result: null, value: undefined });
      execution = new TransactionExecution(keeper, request.id, asked, tx, () => transaction);
      resolve({ kind: 'run', execution });
      return execution.decided;
    };
    const transaction: Promise<unknown> = (store as TransactionalStore<Tx>)
      .transact({ ...request, maxDuration: keeper.options.maxDuration }, work)
      .then((end) => (end.kind === 'done' ? undefined : resolve(end)));
    transaction.catch((error: unknown) => {
      reject(error);
      execution?.lose(error);
    });
    return promise;
  };
  return Promise.resolve(keeper.guard.ask('transact', begin)).finally(() => (isAsked = false));
}

/** Work in a transaction, which commits with its record. */
export class TransactionExecution<Tx> implements OwnedExecution<Tx> {
  readonly key: string;
  readonly attempt = 1;
  /** A crash rolls all back, so there is nothing to go on from. */
  readonly #steps = new Steps(() => Promise.resolve());
  readonly points: ReadonlyMap<string, unknown> = this.#steps.points;
  readonly transaction: Tx;
  /** What the work came to, for the store to commit or roll back. */
  readonly decided: Promise<Transacted<void>>;
  readonly #keeper: Keeper;
  readonly #id: string;
  readonly #startedAt: number;
  readonly #decide: (end: Transacted<void>) => void;
  readonly #outcome: () => Promise<unknown>;
  readonly #controller = new AbortController();
  #end: Promise<Completion> | null = null;

  constructor(
    keeper: Keeper,
    id: string,
    asked: { readonly key: string; readonly at: number },
    transaction: Tx,
    outcome: () => Promise<unknown>,
  ) {
    const { promise, resolve } = Promise.withResolvers<Transacted<void>>();
    this.key = asked.key;
    this.transaction = transaction;
    this.decided = promise;
    this.#keeper = keeper;
    this.#id = id;
    this.#startedAt = asked.at;
    this.#decide = resolve;
    this.#outcome = outcome;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The transaction has ended before the work, which then has done nothing. */
  lose(cause: unknown): void {
    if (this.#end !== null) return;
    const { runtime } = this.#keeper;
    const { dependency } = runtime;
    emit<IdempotencyLeaseLostEvent>(runtime, { type: 'idempotency.lease-lost', dependency });
    this.#controller.abort(new LeaseLostError({ name: dependency, cause }));
  }

  /** Rolls back before any work has begun: so this is no work that ended. */
  async forgo(): Promise<void> {
    this.#end = Promise.resolve({ kind: 'kept' });
    this.#decide({ result: null, value: undefined });
    await this.#outcome();
  }

  readonly step = <T>(name: string, work: () => T | PromiseLike<T>): Promise<T> =>
    this.#steps.run(name, work);

  readonly keyFor = (name: string): string => derivedKey(this.#id, name);

  complete(result: string): Promise<Completion> {
    const wrong = wrongResult(result, 'complete: the result');
    if (wrong !== null) return Promise.reject(wrong);
    return (this.#end ??= this.#finish(result));
  }

  async release(): Promise<void> {
    await (this.#end ??= this.#finish(null));
  }

  hold(fault?: unknown): Promise<void> {
    if (fault !== undefined) hookFailed(this.#keeper, 'storeResult', fault);
    return this.release();
  }

  async #finish(result: string | null): Promise<Completion> {
    this.#decide({ result, value: undefined });
    try {
      await this.#keeper.guard.tell('transact', () => this.#outcome());
      this.#over(result === null ? 'rolled-back' : 'kept');
      return { kind: 'kept' };
    } catch (cause) {
      // Rolled back, or committed and the answer lost: whoever asks again finds out.
      this.#over('untold');
      const name = this.#keeper.runtime.dependency;
      return {
        kind: 'refused',
        error: new IdempotencyStoreError({ name, reason: UNCOMMITTED, retryAfter: 1000, cause }),
      };
    }
  }

  #over(how: 'kept' | 'rolled-back' | 'untold'): void {
    ended(this.#keeper, this.#id, how, this.#startedAt);
  }
}
