import type { IdempotencyStore, TransactionalStore } from 'holdfast/idempotency';
import { storeOver } from './store-over.ts';
import type { Boundary } from './protocol.ts';

/** Stops the process at one boundary, for its parent to kill it there. */
export class Gate {
  #stopAt: Boundary | undefined;
  readonly #tell: () => Promise<void>;

  /** @param tell tells the parent that the boundary is reached. */
  constructor(tell: () => Promise<void>) {
    this.#tell = tell;
  }

  set stopAt(boundary: Boundary | undefined) {
    this.#stopAt = boundary;
  }

  /** Never resolves at the boundary. */
  async at(boundary: Boundary): Promise<void> {
    if (this.#stopAt !== boundary) return;
    await this.#tell();
    await forEver();
  }

  /** In the middle of a step: the parent is told as the step begins, and it comes no further than its end. */
  async during<T>(boundary: Boundary, step: () => Promise<T>): Promise<T> {
    if (this.#stopAt !== boundary) return await step();
    await this.#tell();
    await step();
    return await forEver();
  }
}

/** A store whose steps can be stopped at. */
export function gated(store: IdempotencyStore, gate: Gate): IdempotencyStore {
  const { transact } = store as Partial<TransactionalStore<unknown>>;
  const steps: Partial<TransactionalStore<unknown>> = {
    claim: async (request) => {
      await gate.at('before claim');
      const claim = await gate.during('during claim', async () => store.claim(request));
      await gate.at('after claim');
      return claim;
    },
    complete: async (owned, result, retention) => {
      await gate.at('before complete');
      const complete = async () => store.complete(owned, result, retention);
      const isKept = await gate.during('during complete', complete);
      await gate.at('after complete');
      return isKept;
    },
  };
  if (transact !== undefined) steps.transact = transactGated(transact, gate);
  return storeOver(store, steps);
}

function transactGated(transact: TransactionalStore<unknown>['transact'], gate: Gate) {
  const gatedTransact: typeof transact = async (request, work) => {
    await gate.at('before claim');
    const end = await gate.during('during claim', () =>
      transact(request, async (tx) => {
        await gate.at('during claim');
        await gate.at('after claim');
        const done = await work(tx);
        await gate.at('before complete');
        // The commit comes next: the parent is told, and the transaction goes on.
        void gate.at('during complete');
        return done;
      }),
    );
    await gate.at('during complete');
    await gate.at('after complete');
    return end;
  };
  return gatedTransact;
}

function forEver<T>(): Promise<T> {
  return new Promise<T>(() => {});
}
