import { hashOf } from './hash.ts';
import type { RecoveryPoint } from './store.ts';
import { jsonOf } from './values.ts';

/** The steps of one execution. Those of one name are one, be it done or under way; one that fails may be tried again. */
export class Steps {
  /** What those that are done have answered, by name. */
  readonly points = new Map<string, unknown>();
  readonly #running = new Map<string, Promise<unknown>>();
  readonly #keep: (point: RecoveryPoint) => Promise<void>;
  /** Characters that may still be kept. */
  #left: number;

  /**
   * @param keep remembers a step; throws when the work must not go on.
   * @param limit of all answers together, in characters of their JSON.
   */
  constructor(keep: (point: RecoveryPoint) => Promise<void>, limit = Infinity) {
    this.#keep = keep;
    this.#left = limit;
  }

  /** Takes over a step that an earlier execution has done. */
  restore({ name, value }: RecoveryPoint): void {
    this.#left -= value.length;
    this.points.set(name, JSON.parse(value));
  }

  async run<T>(name: string, work: () => T | PromiseLike<T>): Promise<T> {
    // Not every store can keep other names, or tell two of them apart.
    if (typeof name !== 'string' || !/^[^\0\p{Cs}]+$/u.test(name)) {
      throw new TypeError(
        "step: a step's name must be a non-empty string, without NUL or half of a surrogate pair",
      );
    }
    if (this.points.has(name)) return this.points.get(name) as T;
    const running = this.#running.get(name) as Promise<T> | undefined;
    if (running !== undefined) return running;
    const step = this.#do(name, work).finally(() => this.#running.delete(name));
    this.#running.set(name, step);
    return step;
  }

  async #do<T>(name: string, work: () => T | PromiseLike<T>): Promise<T> {
    const result = await work();
    const value = jsonOf(result, `what step '${name}' answers`);
    if (value.length > this.#left) {
      throw new RangeError(
        `step '${name}' has answered JSON of length ${value.length}, and maxResultLength leaves ${this.#left}`,
      );
    }
    this.#left -= value.length;
    await this.#keep({ name, value });
    this.points.set(name, result);
    return result;
  }
}

/**
 * A key for a call further down.
 *
 * @throws TypeError for a name that is no text: two objects would have one key.
 */
export function derivedKey(id: string, name: string): string {
  if (typeof name !== 'string') throw new TypeError('keyFor: the name must be a string');
  return hashOf(['derived', id, name]);
}
