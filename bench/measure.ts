import { setImmediate as turn } from 'node:timers/promises';
import { seededRandom } from 'holdfast';
import { type Candidate, noFigures, type Samples } from './scenario.ts';

/**
 * How long one slice of one candidate runs, in milliseconds: so short that many slices are spared
 * when other processes want the processor, and that those of one round meet the same machine.
 */
const SLICE = 5;
const WARM_SLICES = 25;
/** Rounds of one process. */
const ROUNDS = 45;
/** Calls between two readings of the heap; few enough to fit a young generation of 256 MB. */
const HEAP_CALLS = 4000;
const HEAP_ROUNDS = 7;

type Loop = (calls: number) => Promise<void>;

/** Nanoseconds a call, all candidates by turns: in each round each has a slice, in shuffled order. */
export async function timeCalls(candidates: readonly Candidate[], seed: number): Promise<Samples> {
  const random = seededRandom(seed);
  const runners = candidates.map((candidate) => new Runner(candidate));
  for (let round = 0; round < WARM_SLICES; round++) {
    for (const runner of shuffled(runners, random)) await runner.slice();
  }
  const ns = noFigures(candidates.map(({ name }) => name));
  for (let round = 0; round < ROUNDS; round++) {
    for (const runner of shuffled(runners, random)) {
      ns[runner.name]!.push(await runner.slice());
    }
  }
  return { ns };
}

/** Bytes allocated a call, read off a young generation that is not collected meanwhile. */
export async function weighCalls(candidates: readonly Candidate[]): Promise<Samples> {
  const bytes: Record<string, number[]> = {};
  for (const candidate of candidates) {
    const loop = loopOf(candidate);
    const runner = new Runner(candidate);
    for (let slice = 0; slice < WARM_SLICES; slice++) await runner.slice();
    await loop(HEAP_CALLS);
    for (let round = 0; round < HEAP_ROUNDS; round++) {
      globalThis.gc!();
      await loop(300);
      const before = process.memoryUsage().heapUsed;
      await loop(HEAP_CALLS);
      const grown = process.memoryUsage().heapUsed - before;
      if (grown > 0) (bytes[candidate.name] ??= []).push(grown / HEAP_CALLS);
    }
  }
  return { bytes };
}

class Runner {
  readonly name: string;
  readonly #loop: Loop;
  #calls = 4;

  constructor(candidate: Candidate) {
    this.name = candidate.name;
    this.#loop = loopOf(candidate);
  }

  /** Runs about one slice; nanoseconds a call. What is put off to the turn's end is part of it. */
  async slice(): Promise<number> {
    await turn();
    const calls = this.#calls;
    const start = performance.now();
    await this.#loop(calls);
    await turn();
    const elapsed = performance.now() - start;
    this.#calls = Math.ceil(Math.min(calls * 8, (calls * SLICE) / elapsed));
    return (elapsed / calls) * 1e6;
  }
}

/** A loop with code of its own, so that no candidate's types spoil another's optimised code. */
function loopOf({ name, run, throws = false }: Candidate): Loop {
  const call = throws ? 'try { await run(); } catch {}' : 'await run();';
  const body = `return async (calls) => { for (let i = 0; i < calls; i++) ${call} } // ${name}`;
  return new Function('run', body)(run) as Loop;
}

/** Two turns with a collection each: the second finds what finalizers have let go. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    await turn();
    globalThis.gc!();
  }
}

/** Bytes of the heap and of array buffers. */
export function bytesHeld(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export function shuffled<T>(items: readonly T[], random: { next(): number }): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}
