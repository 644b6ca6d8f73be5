import { memoryStore } from 'holdfast/memory';
import { storeOver } from '../torture/store-over.ts';

/** A store in memory that says when it is told of a result, and when it is closed. */
export function tellingStore() {
  const steps: string[] = [];
  const inner = memoryStore();
  const store = storeOver(inner, {
    complete: (owned, result, retention) => {
      steps.push('complete');
      return inner.complete(owned, result, retention);
    },
    close: async () => void steps.push('close'),
  });
  return { store, steps };
}
