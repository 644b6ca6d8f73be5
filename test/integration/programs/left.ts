import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';

/** What is left when all calls have ended. */
export interface Left {
  /** Bytes that the heap, and what it holds outside of itself, have grown by. */
  readonly grown: number;
  /** What keeps the process open: timers, immediates, sockets. */
  readonly open: readonly string[];
  /** Listeners on a signal that calls were made with, and that lasts. */
  readonly listeners: number;
  /** How many calls ended how: with a value, from a fallback, with which error. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** Compiled code comes and goes with its use. */
const CODE = /^(code|trusted|shared_trusted)_/;

/** Bytes that objects take after a collection. Needs `--expose-gc`. */
export async function bytesUsed(): Promise<number> {
  // What a weak reference was asked for lives to the end of its turn.
  for (let round = 0; round < 3; round++) {
    await turn();
    gc!();
  }
  const spaces = getHeapSpaceStatistics().filter(({ space_name: name }) => !CODE.test(name));
  const used = spaces.reduce((sum, { space_used_size: size }) => sum + size, 0);
  return used + process.memoryUsage().external;
}

/** What keeps the process open, standard output aside. */
export function openResources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
}
