import type { Goal, Samples } from './scenario.ts';
import { ratios, type Spread, spreadOf } from './stats.ts';

/** A promise with what was measured. */
export interface Judged {
  readonly name: string;
  readonly value: number | null;
  /** The middle half of what was measured. */
  readonly low: number | null;
  readonly high: number | null;
  readonly bound: number;
  readonly atLeast: boolean;
  /** null: it could not be judged. */
  readonly holds: boolean | null;
}

/**
 * Whether a goal is met. It is when the upper quartile is within the bound, and it is missed when
 * the lower quartile is beyond it. In between the spread is wider than the margin, and with nothing
 * measured there is none: then it could not be judged.
 */
export function judge(goal: Goal, samples: Samples): Judged {
  const { name, bound, atLeast = false } = goal;
  const figures = figuresOf(goal, samples);
  if (figures.length === 0 || !figures.every(Number.isFinite)) {
    return { name, value: null, low: null, high: null, bound, atLeast, holds: null };
  }
  const spread = spreadOf(figures);
  return {
    name,
    value: spread.median,
    low: spread.low,
    high: spread.high,
    bound,
    atLeast,
    holds: verdict(goal, spread),
  };
}

function figuresOf({ metric, of, per }: Goal, samples: Samples): readonly number[] {
  const figures = samples[metric]?.[of] ?? [];
  if (per === undefined) return figures;
  return ratios(figures, samples[metric]?.[per] ?? []);
}

function verdict({ bound, atLeast = false }: Goal, { low, high }: Spread): boolean | null {
  const [worst, best] = atLeast ? [-low, -high] : [high, low];
  const limit = atLeast ? -bound : bound;
  if (worst <= limit) return true;
  return best > limit ? false : null;
}
