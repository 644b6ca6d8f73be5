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
 *
 * @throws TypeError for a seed that is neither: all that are missing would be the same one.
 */
export function seededRandom(seed: number | string): Random {
  if (typeof seed !== 'string' && !(typeof seed === 'number' && !Number.isNaN(seed))) {
    const got = typeof seed === 'number' ? 'NaN' : typeof seed;
    throw new TypeError(`seededRandom needs a number or a string for its seed, got ${got}`);
  }
  return new Sfc32(String(seed), 0x9e3779b9, 0x243f6a88, 0xb7e15162);
}

/** A fork that is made when it is first drawn from: of most streams in a process nobody ever draws. */
export function lazyFork(random: Random, label: string): Random {
  return new LazyFork(random, label);
}

class LazyFork implements Random {
  readonly #label: string;
  /** The source until the fork is made. */
  #random: Random;
  #made = false;

  constructor(source: Random, label: string) {
    this.#random = source;
    this.#label = label;
  }

  next(): number {
    return this.#fork().next();
  }

  fork(label: string): Random {
    return this.#fork().fork(label);
  }

  #fork(): Random {
    if (!this.#made) {
      this.#random = this.#random.fork(this.#label);
      this.#made = true;
    }
    return this.#random;
  }
}

class Sfc32 implements Random {
  // Three hashes of all labels so far, from which those of a fork go on. Not the labels themselves: a
  // process may have a hundred thousand streams.
  readonly #hashA: number;
  readonly #hashB: number;
  readonly #hashC: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(label: string, basisA: number, basisB: number, basisC: number) {
    this.#hashA = hash(label, basisA);
    this.#hashB = hash(label, basisB);
    this.#hashC = hash(label, basisC);
    this.#a = avalanche(this.#hashA);
    this.#b = avalanche(this.#hashB);
    this.#c = avalanche(this.#hashC);
    // Skips the first outputs, which still resemble the seed.
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
    return new Sfc32(`/${label}`, this.#hashA, this.#hashB, this.#hashC);
  }
}

/** FNV-1a over UTF-16 code units, from a basis of choice. */
function hash(text: string, basis: number): number {
  let h = basis | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h;
}

/** Spreads every bit over all others: the finalizer of murmur3. */
function avalanche(hashed: number): number {
  let h = hashed;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
