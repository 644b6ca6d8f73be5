import type { Awaitable } from './awaitable.ts';

/**
 * The port of the idempotency engine: what it needs of a store. Each method is one atomic statement
 * on the store's own clock, since the clocks of those who ask differ. What a method promises here is
 * what the conformance suite asks of every store. A store that need not wait may answer without a promise.
 *
 * ```
 * absent ──claim──▶ in progress(token, fingerprint, lease) ──complete──▶ completed(until it expires)
 *    ▲                 │        │
 *    └─────release─────┘        └─lease over──▶ unknown ──claim, by takeover or to reconcile──▶ in progress
 * ```
 */
export interface IdempotencyStore {
  /** `memory`, `sqlite`, `redis`, `postgres`: for events and messages. */
  readonly name: string;

  /**
   * Takes the key if nobody has it, else says how it stands, in this order:
   *
   * 1. no record, or one that has expired: `claimed`, for the first time; `absent`, without a fingerprint;
   * 2. in progress by this very token: granted again as before, `claimed` or `reconcile`, whatever the
   *    fingerprint, so that a claim whose answer was lost can be made again;
   * 3. another fingerprint: `mismatch`, whatever the state; never without one;
   * 4. completed: `completed`;
   * 5. in progress, its lease running: `in-progress`;
   * 6. in progress, its lease over: what `expired` asks for.
   *
   * Each grant begins the lease and the retention anew. Of any number of claims at once, one is granted.
   *
   * Rejects with a `StoreFullError` where there is no room for the record of a further key, but those that are kept can
   * be told. What it rejects with otherwise is an outage to the engine.
   */
  claim(request: ClaimRequest): Awaitable<Claim>;

  /**
   * Lets the lease end `lease` milliseconds from now; 0 ends it at once, which says that the outcome is
   * unknown. The record is kept at least as long.
   *
   * This and the following answer false, and change nothing, unless the record is in progress by
   * this token. That its lease is over does not matter as long as nobody else has taken it.
   */
  extend(owned: Owned, lease: number): Awaitable<boolean>;

  /** Keeps a recovery point, over one of the same name if there is one, and extends the lease. */
  checkpoint(owned: Owned, point: RecoveryPoint, lease: number): Awaitable<boolean>;

  /** Keeps the result for `retention` milliseconds from now, and drops the recovery points. */
  complete(owned: Owned, result: string, retention: number): Awaitable<boolean>;

  /** Forgets the key: nothing has happened. */
  release(owned: Owned): Awaitable<boolean>;

  /** Deletes at most `limit` records that have expired, without a scan of the rest; how many it did. */
  reap(limit: number): Awaitable<number>;

  /** What of the server's configuration endangers what this store promises, in whole sentences; none if all is well. */
  check(): Promise<readonly string[]>;

  /** Lets go of what the store itself has opened. Clients that were handed in stay open. */
  close(): Promise<void>;
}

/** Who writes: nobody else's writes count. */
export interface Owned {
  /** The key's hash, with its scope: at most 64 characters, of the URL-safe base64 alphabet. */
  readonly id: string;
  /** Of whoever claimed it: different for each claim. Of the same alphabet, at most 64 characters. */
  readonly token: string;
}

/** Asks for a key. */
export interface ClaimRequest extends Owned {
  /**
   * Of what is asked for: equal for equal requests. At most 64 characters of the same alphabet. Null for who does not
   * know it: then nothing is compared, the record keeps its own, and a key that nobody has is not taken.
   */
  readonly fingerprint: string | null;
  /** Milliseconds that the claim holds without being extended, 1 or more. */
  readonly lease: number;
  /** Milliseconds that the record is kept from now, if nothing else becomes of it; at least the lease. */
  readonly retention: number;
  /** What to do with a record whose lease is over: nobody knows what its owner did. */
  readonly expired: OnExpiredLease;
}

/**
 * `refuse`: answer `unknown`. `takeover`: `claimed` for this token, one attempt more, recovery points
 * kept. `reconcile`: `reconcile` for this token, once for each record (its lease may then end like any
 * other), and `unknown` from then on.
 */
export type OnExpiredLease = 'refuse' | 'takeover' | 'reconcile';

/** What a claim was answered. */
export type Claim =
  | Granted
  | { readonly kind: 'mismatch' }
  | {
      readonly kind: 'completed';
      readonly result: string;
      /** Milliseconds until it is forgotten. */
      readonly expiresIn: number;
    }
  | {
      readonly kind: 'in-progress';
      /** Milliseconds until its lease is over, unless it is extended; more than 0. */
      readonly leaseLeft: number;
    }
  | { readonly kind: 'unknown' }
  /** Only without a fingerprint. */
  | { readonly kind: 'absent' };

/** The key is this token's. */
export interface Granted {
  readonly kind: 'claimed' | 'reconcile';
  /** 1 for the first, one more for each takeover. */
  readonly attempt: number;
  /** In the order in which they were first kept. */
  readonly points: readonly RecoveryPoint[];
}

/** How far work has come. */
export interface RecoveryPoint {
  readonly name: string;
  /** JSON. */
  readonly value: string;
}

/**
 * A store that keeps its records where the effects happen: they commit together, so a crash at any
 * moment leaves both or neither. `Tx` is the client's own transaction.
 */
export interface TransactionalStore<Tx> extends IdempotencyStore {
  /**
   * Claims inside of a transaction, and runs `work` in it if the key is then this token's. Without a
   * result the transaction is rolled back, which is a release; so it is when `work` throws, which this
   * then rejects with.
   *
   * Never waits for another transaction that has the key: that is `in-progress`, or `mismatch` if that one is for
   * something else. Knows no leases: who dies leaves nothing behind, and who goes on for longer than `maxDuration` is
   * rolled back, as this then rejects. What such work asks of its transaction later is refused. Rejects when the answer
   * to the commit was lost: then both have happened or neither, and the next claim tells which.
   */
  transact<T>(
    request: TransactRequest,
    work: (tx: Tx) => Promise<Transacted<T>>,
  ): Promise<{ readonly kind: 'done'; readonly value: T } | Exclude<Claim, Granted>>;
}

/** Asks for a key for as long as a transaction lasts. */
export interface TransactRequest extends Omit<ClaimRequest, 'expired' | 'fingerprint' | 'lease'> {
  readonly fingerprint: string;
  /** Milliseconds that it may last, 1 or more. */
  readonly maxDuration: number;
}

/** What work in a transaction comes to. */
export interface Transacted<T> {
  /** What to keep, for `ClaimRequest.retention`; null for nothing, and then nothing has happened. */
  readonly result: string | null;
  readonly value: T;
}
