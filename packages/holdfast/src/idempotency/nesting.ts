import type { ContextKeeper, ContextVariable } from '../runtime/runtime.ts';

/** Work that runs for a key. */
interface Held {
  /** Of which engine. */
  readonly by: Nesting;
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
    this.#held = variableOf(context);
  }

  /** Whether this code is a part of that key's work, which still runs. */
  isWithin(key: string, scope: readonly string[]): boolean {
    return this.#running().some(
      (held) => held.by === this && held.key === key && isSame(held.scope, scope),
    );
  }

  /** Whether it is a part of any key's work that still runs. */
  get isInside(): boolean {
    return this.#running().some((held) => held.by === this);
  }

  /** Does the work of a key. */
  async run<T>(key: string, scope: readonly string[], work: () => T | PromiseLike<T>): Promise<T> {
    if (this.#held === undefined) return work();
    const own: Held = { by: this, key, scope, isOver: false };
    try {
      return await this.#held.run([...this.#running(), own], work);
    } finally {
      own.isOver = true;
    }
  }

  /** Of all engines, without those that are over: what work leaves running would pile them up. */
  #running(): readonly Held[] {
    return this.#held?.get()?.filter(({ isOver }) => !isOver) ?? [];
  }
}

const variables = new WeakMap<ContextKeeper, ContextVariable<readonly Held[]>>();

/** One for all engines: Node 22 pays at every promise for each variable that was ever used. */
function variableOf(context: ContextKeeper): ContextVariable<readonly Held[]> | undefined {
  const made = variables.get(context) ?? context.variable?.<readonly Held[]>();
  if (made !== undefined) variables.set(context, made);
  return made;
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
