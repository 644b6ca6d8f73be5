import { nameErrors } from '../core/errors.ts';

const BRAND: unique symbol = Symbol.for('holdfast.store-full') as never;

/**
 * What a store rejects a claim with that has no room for a further key: nothing was claimed. The store is there all the
 * same, and answers for the keys that it has; so this is no outage to the engine, which goes on asking it.
 */
export class StoreFullError extends Error {
  readonly [BRAND] = true;
}

nameErrors({ StoreFullError });

/** By its brand: there may be two copies of the class. */
export function isStoreFull(error: unknown): boolean {
  return typeof error === 'object' && error !== null && BRAND in error;
}
