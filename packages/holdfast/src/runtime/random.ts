/** Randomness, handed in like time, so that a run can be repeated. */
export interface Random {
  /** A number in [0, 1), uniformly distributed. */
  next(): number;
  /**
   * An independent stream, named by its use. Streams with different labels do not disturb one
   * another: a draw added in one place leaves the rest of a seeded run as it was.
   */
  fork(label: string): Random;
}

/**
 * Repeatable randomness: the same seed and label give the same numbers on every machine. The
 * generator is sfc32 (Chris Doty-Humphrey's "small fast counting", of the PractRand suite), 128
 * bits of state.
 */
export function seededRandom(seed: number | string): Random {
  return new Sfc32(String(seed));
}

class Sfc32 implements Random {
  readonly #label: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(label: string) {
    this.#label = label;
    this.#a = hash(label, 0x9e3779b9);
    this.#b = hash(label, 0x243f6a88);
    this.#c = hash(label, 0xb7e15162);
    // The first outputs still resemble the seed.
    for (let i = 0; i < 12; i++) this.next();
  }

  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4294967296;
  }

  fork(label: string): Random {
    return new Sfc32(`${this.#label}/${label}`);
  }
}

/** FNV-1a over UTF-16 code units, from a basis of choice, with a final avalanche (murmur3). */
function hash(text: string, basis: number): number {
  let h = basis | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
