import { backoffAndJitter } from './experiments/backoff-and-jitter.ts';
import type { Law } from './experiments/law.ts';
import { metastable } from './experiments/metastable.ts';
import { queues } from './experiments/queues.ts';
import { retryLaws } from './experiments/retries.ts';
import { bonferroni } from './stats.ts';

/** All that the simulator is held against. */
export const laws: readonly Law[] = [...queues, ...retryLaws, backoffAndJitter, metastable];

/** How often each law is run. */
const RUNS = 20;
/** The largest first seed: seeds are whole numbers of 32 bits. */
export const LAST_FIRST_SEED: number = 2 ** 32 - RUNS;

/** The seeds of the runs, from this one on. */
export function seedsFrom(first: number): readonly number[] {
  return Array.from({ length: RUNS }, (_, i) => first + i);
}

/** How often one interval may miss, so that all of them together have 99 %. */
export const DOUBT: number = bonferroni(
  0.01,
  laws.reduce((sum, { intervals }) => sum + intervals, 0),
);
