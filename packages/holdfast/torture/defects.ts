import type { IdempotencyStore } from 'holdfast/idempotency';
import type { Defect } from './protocol.ts';
import { storeOver } from './store-over.ts';

/** A store with a fault that a judge must find. For tests of the judges alone. */
export function withDefect(store: IdempotencyStore, defect: Defect | null): IdempotencyStore {
  return defect === null ? store : storeOver(store, STEPS[defect](store));
}

type Steps = (store: IdempotencyStore) => Parameters<typeof storeOver>[1];

/** Milliseconds. */
const SLOW = 300;
const GRANTED = { kind: 'claimed', attempt: 1, points: [] } as const;

const STEPS: Readonly<Record<Defect, Steps>> = {
  /** Whoever asks while another has the key has it as well. */
  'grants-twice': (store) => ({
    claim: async (request) => {
      const claim = await store.claim(request);
      return claim.kind === 'in-progress' ? GRANTED : claim;
    },
  }),

  /** Tells who has lost the key that what they had to say counts. */
  'accepts-late-writers': (store) => ({
    complete: async (owned, result, retention) => {
      await store.complete(owned, result, retention);
      return true;
    },
  }),

  /** What was done is there to be done again. */
  'forgets-results': (store) => ({
    claim: async (request) => {
      const claim = await store.claim(request);
      return claim.kind === 'completed' ? GRANTED : claim;
    },
  }),

  /** Work has to begin again from its beginning. */
  'forgets-points': (store) => ({
    claim: async (request) => {
      const claim = await store.claim(request);
      return 'points' in claim ? { ...claim, points: [] } : claim;
    },
  }),

  /** A key whose owner fell silent is anybody's. */
  'takes-over-unasked': (store) => ({
    claim: (request) => store.claim({ ...request, expired: 'takeover' }),
  }),

  /** A lease that never ends. */
  'keeps-dead-leases': (store) => ({
    claim: async (request) => {
      const claim = await store.claim(request);
      return claim.kind === 'unknown' || claim.kind === 'reconcile'
        ? { kind: 'in-progress', leaseLeft: request.lease }
        : claim;
    },
  }),

  /** Once it was slow or has failed, nobody is answered any more: a client that does not connect again. */
  'stays-down': (store) => {
    let isDown = false;
    return {
      claim: async (request) => {
        if (isDown) throw new Error('not connected');
        const askedAt = performance.now();
        try {
          const claim = await store.claim(request);
          // One that is quick does not undo what a slow one beside it has found.
          isDown ||= performance.now() - askedAt > SLOW;
          return claim;
        } catch (error) {
          isDown = true;
          throw error;
        }
      },
    };
  },
};
