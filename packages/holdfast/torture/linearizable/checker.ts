import type { Operation } from './history.ts';
import { ABSENT, advance, type State } from './model.ts';

/**
 * Whether some order of the operations explains every answer: one in which each takes effect at one
 * moment between its invocation and its answer, as a record in one place would have it.
 *
 * The search is that of Wing & Gong ("Testing and verifying concurrent objects", 1993), which takes
 * as the next any operation that was invoked before the first of the rest was answered; what has been tried is
 * remembered, after Lowe ("Testing for linearizability", 2017). Herlihy & Wing's locality theorem lets each key be
 * judged by itself.
 */
export type Verdict =
  | { readonly kind: 'linearizable' }
  /** With the first operation that no order could explain. */
  | { readonly kind: 'impossible'; readonly at: Operation }
  /** The search has become too long. */
  | { readonly kind: 'undecided' };

/** Configurations that are looked at for one key: far more than any history of ours needs. */
const MOST = 2_000_000;

/**
 * Judges the history of one key.
 *
 * @param most configurations after which it gives up.
 */
export function check(history: readonly Operation[], most = MOST): Verdict {
  const operations = history.toSorted((a, b) => a.invokedAt - b.invokedAt);
  const search = new Search(operations, most);
  if (search.explains((1n << BigInt(operations.length)) - 1n, ABSENT)) {
    return { kind: 'linearizable' };
  }
  if (search.looked >= most) return { kind: 'undecided' };
  return { kind: 'impossible', at: search.stuckAt };
}

class Search {
  /** Configurations that were looked at. */
  looked = 0;
  /** The operation that was to be answered next where the search came furthest. */
  stuckAt: Operation;
  readonly #operations: readonly Operation[];
  readonly #most: number;
  readonly #tried = new Set<string>();

  constructor(operations: readonly Operation[], most: number) {
    this.#operations = operations;
    this.#most = most;
    this.stuckAt = operations[0]!;
  }

  /** @param left the operations that are not yet explained, one bit each. */
  explains(left: bigint, state: State): boolean {
    const next = this.#firstAnswered(left);
    // Those that are left have no answer, and need not have taken effect.
    if (next === null) return true;
    const configuration = `${left} ${JSON.stringify(state)}`;
    if (this.#tried.has(configuration) || this.looked >= this.#most) return false;
    this.#tried.add(configuration);
    this.looked++;
    if (next.returnedAt > this.stuckAt.returnedAt) this.stuckAt = next;

    for (const [at, operation] of this.#operations.entries()) {
      if (operation.invokedAt > next.returnedAt) break;
      const bit = 1n << BigInt(at);
      if ((left & bit) === 0n) continue;
      const after = advance(state, operation);
      if (after !== null && this.explains(left & ~bit, after)) return true;
    }
    return false;
  }

  #firstAnswered(left: bigint): Operation | null {
    let first: Operation | null = null;
    for (const [at, operation] of this.#operations.entries()) {
      if (((left >> BigInt(at)) & 1n) === 0n) continue;
      if (first !== null && operation.invokedAt > first.returnedAt) break;
      const isSooner = operation.returnedAt < (first?.returnedAt ?? Infinity);
      if (isSooner) first = operation;
    }
    return first;
  }
}
