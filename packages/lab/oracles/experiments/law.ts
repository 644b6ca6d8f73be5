import { type Check, within } from '../../../../scripts/tasks/checks.ts';
import { estimate } from '../stats.ts';

/**
 * Something that is known of queues, retries or overload, and what the simulator makes of it. Runs
 * are numbers by name, so that they can be made anywhere and judged together.
 */
export interface Law {
  readonly name: string;
  /** What is claimed, of what, and by whom. */
  readonly about: string;
  /** How many of its checks are confidence intervals; all laws' share one doubt. */
  readonly intervals: number;
  /** One run in virtual time. The same seed and plan give the same numbers. */
  run(seed: number, plan: Plan): Sample;
  /** @param doubt how often one interval may miss what it measures. */
  judge(samples: readonly Sample[], doubt: number): Check[];
}

/** What one run has measured. */
export type Sample = Readonly<Record<string, number>>;

/** How to run. */
export interface Plan {
  /** Length of the runs: 1 for those that are judged, less for tests. */
  readonly scale: number;
  /** What is wrong on purpose: for tests, which must see the check fail. */
  readonly defect: Defect | null;
}

/** Faults that a law must catch: see where each is planted. */
export type Defect =
  | 'slow-clock'
  | 'two-clocks'
  | 'extra-worker'
  | 'extra-room'
  | 'lost-variance'
  | 'double-budget'
  | 'extra-attempt'
  | 'no-jitter'
  | 'short-backoff'
  | 'bounded-queue'
  | 'endless-queue';

/** Half the width that an interval may have, as a share of the theory's value. */
const WIDEST = 0.03;

/** One figure of every run. */
export function column(samples: readonly Sample[], name: string): number[] {
  return samples.map((sample) => {
    const value = sample[name];
    if (value === undefined) throw new Error(`no run has measured "${name}"`);
    return value;
  });
}

/**
 * Whether the theory's value lies in the confidence interval of the runs' mean: the same as whether
 * the mean is within half a width of the theory. An interval wider than `WIDEST` proves nothing.
 */
export function agrees(
  name: string,
  theory: number,
  measured: readonly number[],
  doubt: number,
): Check {
  const { mean, halfWidth } = estimate(measured, doubt);
  const check = within(name, mean, [theory - halfWidth, theory + halfWidth]);
  if (check.holds === true && !(halfWidth < WIDEST * theory)) return { ...check, holds: null };
  return check;
}
