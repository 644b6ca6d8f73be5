import type { Execution, IdempotencyStore } from 'holdfast/idempotency';

export const STORES = ['sqlite', 'redis', 'postgres'] as const;
export type StoreName = (typeof STORES)[number];

/** Where the records and the ledger of effects are: a path for SQLite, else a URL. */
export interface Whereabouts {
  readonly store: StoreName;
  readonly where: string;
}

/**
 * What a process has of the outside: a store, and a ledger beside it that keeps each effect as often
 * as it happened, whatever the records say.
 */
export interface Link {
  readonly store: IdempotencyStore;
  /** Has the effect of `key`, durably; in the transaction of the execution, if that has one. */
  effect(key: string, execution: Execution<unknown>): Promise<void>;
  /** The keys whose effects have happened, as often as they did. */
  effects(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Settings of the client, beyond the defaults that its documentation names. */
export interface LinkOptions {
  /** Pages that SQLite's file may have. */
  readonly maxPageCount?: number;
}

/** Connects; only the store's own client is loaded. */
export async function connect({ store, where }: Whereabouts, options: LinkOptions = {}) {
  switch (store) {
    case 'sqlite':
      return (await import('./sqlite.ts')).sqliteLink(where, options);
    case 'redis':
      return (await import('./redis.ts')).redisLink(where);
    case 'postgres':
      return (await import('./postgres.ts')).postgresLink(where);
  }
}
