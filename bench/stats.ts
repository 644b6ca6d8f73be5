/** Where the middle half of some samples lies. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The median, between the lower and the upper quartile; NaN without samples. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
  };
}

/** Round by round, so that what slows the whole machine for a while cancels out. */
export function ratios(samples: readonly number[], per: readonly number[]): number[] {
  const rounds = Math.min(samples.length, per.length);
  return samples.slice(0, rounds).map((sample, round) => sample / per[round]!);
}

function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}
