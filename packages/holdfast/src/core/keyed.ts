import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { duration, integer, type OptionsOf, parseOptions, show } from './options.ts';

/** The options of `keyed`. */
export const keyedOptions = {
  /** How many instances there are at most; keys beyond that share one overflow instance. 1 to 1 000 000; default 10 000. */
  maxEntries: integer({
    what: 'How many instances there are at most; keys beyond that share one overflow instance',
    default: 10_000,
    min: 1,
    max: 1_000_000,
  }),
  /** An instance that nobody has asked for in this time may be forgotten. 1 ms to 24 h; default 10 min. */
  idle: duration({
    what: 'An instance that nobody has asked for in this time may be forgotten',
    default: '10m',
    min: 1,
    max: 86_400_000,
  }),
};

/** See `keyed`. */
export interface KeyedOptions extends OptionsOf<typeof keyedOptions> {}

/** One instance per key: a breaker per shard, say, or a dependency per tenant. */
export interface Keyed<T> {
  /**
   * The key's instance, made when it is first asked for.
   *
   * @throws TypeError for a key that is no string, or empty, as of a tenant that nobody knows; for what was made
   *   and is no object; whatever making it throws.
   */
  get(key: string): T;
  /** How many there are, the overflow instance not counted. */
  readonly size: number;
  /** The keys that have an instance, least recently used first. */
  keys(): IterableIterator<string>;
}

/** How many keys are looked at, each time a new one is asked for, to find some that may be forgotten. */
const LOOKED_AT = 16;
/** The key of the overflow instance, as `create` sees it. */
const OVERFLOW = '*';

/**
 * A registry with a bound: one instance per key, made by `create`. Idle instances are forgotten as
 * others are asked for, without a timer. One that says `evictable: false` is kept: an open breaker
 * says so, and a bulkhead in use. When the registry is full of instances that cannot be forgotten, all
 * further keys share one, made with the key `*`.
 *
 * @throws TypeError, RangeError for wrong options, and for a runtime that is not whole.
 */
export function keyed<T extends object>(
  create: (key: string) => T,
  options: KeyedOptions = {},
  runtime: Runtime = systemRuntime,
): Keyed<T> {
  if (typeof create !== 'function') throw new TypeError('keyed needs a function of the key');
  checkRuntime(runtime, 'keyed');
  const { maxEntries, idle } = parseOptions(keyedOptions, options, 'keyed');
  return new BoundedRegistry(create, maxEntries, idle, runtime);
}

interface Entry<T> {
  readonly instance: T;
  usedAt: number;
}

class BoundedRegistry<T extends object> implements Keyed<T> {
  readonly #create: (key: string) => T;
  readonly #maxEntries: number;
  readonly #idle: number;
  readonly #runtime: Runtime;
  /** In the order of use, since each use moves its key to the end. */
  readonly #entries = new Map<string, Entry<T>>();
  #overflow: T | null = null;

  constructor(create: (key: string) => T, maxEntries: number, idle: number, runtime: Runtime) {
    this.#create = create;
    this.#maxEntries = maxEntries;
    this.#idle = idle;
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T {
    const now = this.#runtime.clock.now();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      checkKey(key);
      this.#forgetIdle(now);
      if (this.#entries.size >= this.#maxEntries && !this.#evictOne()) {
        return (this.#overflow ??= this.#made(OVERFLOW));
      }
      entry = { instance: this.#made(key), usedAt: now };
    } else {
      this.#entries.delete(key);
      entry.usedAt = now;
    }
    this.#entries.set(key, entry);
    return entry.instance;
  }

  keys(): IterableIterator<string> {
    return this.#entries.keys();
  }

  #made(key: string): T {
    const instance = this.#create(key);
    // A function that forgot to return it would be asked once, and answer undefined for ever.
    if ((typeof instance === 'object' && instance !== null) || typeof instance === 'function') {
      return instance;
    }
    throw new TypeError(`keyed: what is made for a key must be an object, got ${show(instance)}`);
  }

  #forgetIdle(now: number): void {
    let left = LOOKED_AT;
    for (const [key, entry] of this.#entries) {
      if (left-- === 0 || now - entry.usedAt < this.#idle) return;
      if (mayGo(entry.instance)) this.#entries.delete(key);
      else this.#spare(key, entry);
    }
  }

  /** For a full registry: forgets the least recently used of the first few that may go. False if none may. */
  #evictOne(): boolean {
    let left = LOOKED_AT;
    for (const [key, entry] of this.#entries) {
      if (left-- === 0) return false;
      if (mayGo(entry.instance)) {
        this.#entries.delete(key);
        return true;
      }
      this.#spare(key, entry);
    }
    return false;
  }

  /** Moves one that must stay to the end, so that the next look finds others. */
  #spare(key: string, entry: Entry<T>): void {
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }
}

/** Refuses a missing key: all calls without one would share an instance, unseen. */
function checkKey(key: unknown): void {
  if (typeof key === 'string' && key !== '') return;
  const got = key === '' ? 'an empty one' : typeof key;
  throw new TypeError(`keyed: the key must be a non-empty string, got ${got}`);
}

/** An instance that does not say may be forgotten. */
function mayGo(instance: { readonly evictable?: boolean }): boolean {
  return instance.evictable !== false;
}
