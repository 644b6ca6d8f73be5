import type { Random } from 'holdfast';
import type { Cache } from '../spec/model.ts';

/** The key of a request that no cache could answer. */
export const NO_KEY = -1;

/**
 * Which answers one replica has at hand. A share of the requests, the hit rate, asks for one of the
 * keys, each as likely as the other: when all are filled, so many are answered. Others ask for
 * what nobody has asked before.
 */
export class AnswerCache {
  readonly #random: Random;
  readonly #hitRate: number;
  readonly #ttl: number;
  /** Until when each key's entry lives; 0 without one. */
  readonly #until: Float64Array;

  constructor({ hitRate, keys, ttl }: Cache, random: Random) {
    this.#random = random;
    this.#hitRate = hitRate;
    this.#ttl = ttl;
    this.#until = new Float64Array(keys);
  }

  /** The key that a request asks for. */
  draw(): number {
    if (this.#random.next() >= this.#hitRate) return NO_KEY;
    return Math.floor(this.#random.next() * this.#until.length);
  }

  has(key: number, now: number): boolean {
    return key !== NO_KEY && now < this.#until[key]!;
  }

  /** Keeps the answer to a request that it did not have. */
  fill(key: number, now: number): void {
    if (key !== NO_KEY) this.#until[key] = now + this.#ttl;
  }

  clear(): void {
    this.#until.fill(0);
  }
}
