import type { Distribution } from './model.ts';

/** The mean of a distribution, in milliseconds; `loaded` times are longer with so many requests at once. */
export function meanOf(distribution: Distribution, atOnce = 1): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'exponential':
    case 'erlang':
    case 'lognormal':
    case 'hyperexponential':
      return distribution.mean;
    case 'empirical':
      return distribution.values.reduce((a, b) => a + b, 0) / distribution.values.length;
    case 'mixture': {
      const weights = distribution.of.reduce((all, { weight }) => all + weight, 0);
      return (
        distribution.of.reduce((all, { weight, time }) => all + weight * meanOf(time, atOnce), 0) /
        weights
      );
    }
    case 'loaded':
      return meanOf(distribution.time, atOnce) * (1 + distribution.slope * (atOnce - 1));
  }
}

/**
 * What about half of all times are at most, in milliseconds: of a few kinds a little too little, for
 * they have no formula. For `loaded`, of a request that is alone.
 */
export function medianOf(distribution: Distribution): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'exponential':
      return distribution.mean * Math.LN2;
    case 'erlang':
      // Wilson and Hilferty, right to 2 %.
      return distribution.mean * (1 - 1 / (9 * distribution.stages)) ** 3;
    case 'lognormal':
      return distribution.mean / Math.hypot(1, distribution.cv);
    case 'hyperexponential': {
      // More than half are of its quick phase, which brings half of the mean.
      const square = distribution.cv ** 2;
      const likely = (1 + Math.sqrt((square - 1) / (square + 1))) / 2;
      return (distribution.mean / (2 * likely)) * Math.LN2;
    }
    case 'empirical':
      return middle(distribution.values.map((median) => ({ median, weight: 1 })));
    case 'mixture':
      return middle(
        distribution.of.map(({ weight, time }) => ({ weight, median: medianOf(time) })),
      );
    case 'loaded':
      return medianOf(distribution.time);
  }
}

/** The first of them with which half of all weight is reached. */
function middle(parts: readonly { readonly median: number; readonly weight: number }[]): number {
  const half = parts.reduce((all, { weight }) => all + weight, 0) / 2;
  let reached = 0;
  for (const { median, weight } of parts.toSorted((a, b) => a.median - b.median)) {
    reached += weight;
    if (reached >= half && weight > 0) return median;
  }
  return 0;
}
