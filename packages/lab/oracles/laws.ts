import { backoffAndJitter } from './experiments/backoff-and-jitter.ts';
import type { Law } from './experiments/law.ts';
import { metastable } from './experiments/metastable.ts';
import { queues } from './experiments/queues.ts';
import { retryLaws } from './experiments/retries.ts';
import { bonferroni } from './stats.ts';

/** All that the simulator is held against. */
export const laws: readonly Law[] = [...queues, ...retryLaws, backoffAndJitter, metastable];

/** Each is run with the seeds 1 to 20. */
export const SEEDS: readonly number[] = Array.from({ length: 20 }, (_, i) => i + 1);

/** How often one interval may miss, so that all of them together have 99 %. */
export const DOUBT: number = bonferroni(
  0.01,
  laws.reduce((sum, { intervals }) => sum + intervals, 0),
);
