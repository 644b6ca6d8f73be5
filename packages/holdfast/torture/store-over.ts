import type { IdempotencyStore, TransactionalStore } from 'holdfast/idempotency';

/** A store with some of its steps replaced. */
export function storeOver(
  store: IdempotencyStore,
  steps: Partial<TransactionalStore<unknown>>,
): IdempotencyStore {
  const { transact } = store as Partial<TransactionalStore<unknown>>;
  return {
    name: store.name,
    claim: (request) => store.claim(request),
    extend: (owned, lease) => store.extend(owned, lease),
    checkpoint: (owned, point, lease) => store.checkpoint(owned, point, lease),
    complete: (owned, result, retention) => store.complete(owned, result, retention),
    release: (owned) => store.release(owned),
    reap: (limit) => store.reap(limit),
    check: () => store.check(),
    close: () => store.close(),
    ...(transact === undefined ? {} : { transact }),
    ...steps,
  } as IdempotencyStore;
}
