import type { Random } from 'holdfast';

/** What distributions draw from. */
export type Draws = Pick<Random, 'next'>;

/**
 * Any number of independent streams in one object: whoever draws says first which stream is his, and
 * how many numbers he has drawn. So each of a million users needs two small numbers, a tenth of what
 * a generator of its own would take. A draw is a hash of seed, stream and count, as in "Parallel
 * random numbers: as easy as 1, 2, 3" (Salmon et al., 2011), with the finalizer of murmur3.
 */
export class Streams implements Draws {
  stream = 0;
  /** Numbers that the stream has drawn. */
  drawn = 0;
  readonly #streamSeed: number;
  readonly #drawSeed: number;

  constructor(random: Random) {
    this.#streamSeed = wordOf(random);
    this.#drawSeed = wordOf(random);
  }

  next(): number {
    const draw = avalanche((Math.imul(this.drawn++, 0x9e3779b1) + this.#drawSeed) | 0);
    const stream = avalanche((Math.imul(this.stream, 0x85ebca77) + this.#streamSeed) | 0);
    return (avalanche(draw ^ stream) >>> 0) / 2 ** 32;
  }
}

function wordOf(random: Random): number {
  return (random.next() * 2 ** 32) | 0;
}

/** Spreads every bit over all others. */
function avalanche(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
