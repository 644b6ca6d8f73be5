import type { ContextKeeper, ContextVariable } from '../runtime/runtime.ts';

/** Work that runs for a key. */
interface Held {
  readonly key: string;
  readonly scope: readonly string[];
  isOver: boolean;
}

/**
 * Knows of which keys' work some code is a part, by its async context: work that asks for its own key would wait for
 * itself.
 */
export class Nesting {
  readonly #held: ContextVariable<readonly Held[]> | undefined;

  constructor(context: ContextKeeper) {
    this.#held = context.variable?.();
  }

  /** Whether this code is a part of that key's work, which still runs. */
  isWithin(key: string, scope: readonly string[]): boolean {
    return this.#running().some((held) => held.key === key && isSame(held.scope, scope));
  }

  /** Whether it is a part of any key's work that still runs. */
  get isInside(): boolean {
    return this.#running().length > 0;
  }

  /** Does the work of a key. */
  async run<T>(key: string, scope: readonly string[], work: () => T | PromiseLike<T>): Promise<T> {
    if (this.#held === undefined) return work();
    const own: Held = { key, scope, isOver: false };
    try {
      return await this.#held.run([...this.#running(), own], work);
    } finally {
      own.isOver = true;
    }
  }

  /** Without those that are over: what they have started, and left running, would pile them up otherwise. */
  #running(): readonly Held[] {
    return this.#held?.get()?.filter(({ isOver }) => !isOver) ?? [];
  }
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
