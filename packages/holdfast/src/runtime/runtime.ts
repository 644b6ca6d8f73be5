import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/**
 * Everything Holdfast takes from the world. Factories default to `systemRuntime`; tests and the
 * simulator hand in their own, and the code cannot tell.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly context: ContextKeeper;
  /** The dependency this runtime serves, for events and error messages; '' outside of one. */
  readonly dependency: string;
  /**
   * Whether to spend a little on those who debug: errors get the caller's async frames, and options of
   * single calls are checked for misspelt names. The system runtime says yes unless NODE_ENV is
   * `production`.
   */
  readonly diagnostics: boolean;
  /** Where events go; null costs nothing. Called synchronously; what it throws is dropped. */
  readonly sink: Sink | null;
  /** Warns people of a danger where no sink would hear of it; called seldom. Without it, nobody is warned. */
  readonly warn?: ((warning: string) => void) | undefined;
}

/**
 * Hears events. The type is a method's, since TypeScript is less strict with their parameters: so a
 * listener for `HoldfastEvent` fits, a union of events that this layer does not know.
 */
type Sink = { hear(event: RuntimeEvent): void }['hear'];

/** The least an event has. Policies add their own fields; see `HoldfastEvent` for the whole union. */
export interface RuntimeEvent {
  readonly type: string;
  /** The dependency's name, '' for a pipeline outside of one. */
  readonly dependency: string;
}

/**
 * Keeps a caller's async context (AsyncLocalStorage) while its call is suspended. So the user code of a
 * call runs in its own context, whatever resumes it: a shared timer, or the end of another call.
 */
export interface ContextKeeper {
  /** The current context, or null where there is none to keep. */
  capture(): unknown;
  /** Runs `work(argument)` in a captured context. */
  run<A>(captured: unknown, work: (argument: A) => void, argument: A): void;
  /** Makes a variable that follows async context. Without it, nobody can tell what runs inside of what. */
  variable?<T>(): ContextVariable<T>;
}

/** A variable that has a value for a piece of work, and for all that this work starts. */
export interface ContextVariable<T> {
  /** The value here; undefined outside of any `run`. */
  get(): T | undefined;
  /** Does the work with this value, and answers what it answers. */
  run<R>(value: T, work: () => R): R;
}

/** For runtimes without async context: browsers, simulations. */
export const noContext: ContextKeeper = {
  capture: () => null,
  run: (_captured, work, argument) => work(argument),
};

/**
 * Refuses a runtime that is not whole (a sink alone, say), before something deep inside misses the
 * rest, and a sink that is no function.
 *
 * @throws TypeError
 */
export function checkRuntime(given: Runtime, path: string): void {
  const { clock, random, context, sink } = (given ?? {}) as Partial<Runtime>;
  if (!(clock && random && context)) {
    throw new TypeError(`${path} needs a whole runtime, such as { ...systemRuntime, sink }`);
  }
  if (sink && typeof sink !== 'function') {
    throw new TypeError(`${path} needs a runtime whose sink is a function of an event, or null`);
  }
}
