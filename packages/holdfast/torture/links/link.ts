import type { Execution, IdempotencyStore } from 'holdfast/idempotency';

/** The clients that each store is reached by, the first unless another is asked for. */
export const CLIENTS = {
  sqlite: ['node:sqlite'],
  redis: ['ioredis', 'node-redis'],
  postgres: ['pg', 'postgres.js'],
} as const;
export type StoreName = keyof typeof CLIENTS;
export type ClientName = (typeof CLIENTS)[StoreName][number];
export const STORES = Object.keys(CLIENTS) as StoreName[];

/** Where the records and the ledger of effects are: a path for SQLite, else a URL. */
export interface Whereabouts {
  readonly client: ClientName;
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

/** Connects by a client, which is loaded for it: the others are not. */
export async function connect({ client, where }: Whereabouts, options: LinkOptions = {}) {
  switch (client) {
    case 'node:sqlite':
      return (await import('./sqlite.ts')).sqliteLink(where, options);
    case 'ioredis':
      return (await import('./ioredis.ts')).ioredisLink(where);
    case 'node-redis':
      return (await import('./node-redis.ts')).nodeRedisLink(where);
    case 'pg':
      return (await import('./pg.ts')).pgLink(where);
    case 'postgres.js':
      return (await import('./postgres-js.ts')).postgresJsLink(where);
  }
}
