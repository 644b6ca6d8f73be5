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
      return average(distribution.values.map((value) => ({ value, weight: 1 })));
    case 'mixture':
      return average(
        distribution.of.map(({ weight, time }) => ({ value: meanOf(time, atOnce), weight })),
      );
    case 'loaded':
      return meanOf(distribution.time, atOnce) * slowdown(distribution, atOnce);
  }
}

/** The variance of a distribution, in square milliseconds. */
export function varianceOf(distribution: Distribution, atOnce = 1): number {
  const square = meanSquareOf(distribution, atOnce) - meanOf(distribution, atOnce) ** 2;
  // What rounding leaves of none.
  return Math.max(0, square);
}

/** The mean of the squares of its times. */
function meanSquareOf(distribution: Distribution, atOnce: number): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value ** 2;
    case 'exponential':
      return 2 * distribution.mean ** 2;
    case 'erlang':
      return distribution.mean ** 2 * (1 + 1 / distribution.stages);
    case 'lognormal':
    case 'hyperexponential':
      return distribution.mean ** 2 * (1 + distribution.cv ** 2);
    case 'empirical':
      return average(distribution.values.map((value) => ({ value: value ** 2, weight: 1 })));
    case 'mixture':
      return average(
        distribution.of.map(({ weight, time }) => ({ value: meanSquareOf(time, atOnce), weight })),
      );
    case 'loaded':
      return meanSquareOf(distribution.time, atOnce) * slowdown(distribution, atOnce) ** 2;
  }
}

/**
 * How long is worked for each that is done, at least, where any may be given up at any moment and begun anew with another
 * time, in milliseconds. Whoever gives up what takes long pays with what was worked on it in vain.
 *
 * Where what is left never takes longer on average than the whole, giving up gains nothing: constant, exponential and
 * Erlang times. For all others, no way of giving up is better than 1 / the mean of 1 / time (by Chebyshev's sum
 * inequality, as min(t, r) grows with t and 1 / t falls).
 */
export function redoneOf(distribution: Distribution, atOnce = 1): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.value;
    case 'exponential':
    case 'erlang':
      return distribution.mean;
    case 'lognormal':
      return distribution.mean / (1 + distribution.cv ** 2);
    case 'hyperexponential':
      // Given up at once, and begun anew: at its start it is done at the highest rate.
      return (distribution.mean * (1 + distribution.cv ** -2)) / 2;
    case 'empirical':
      return 1 / average(distribution.values.map((value) => ({ value: 1 / value, weight: 1 })));
    case 'mixture':
      return Math.min(
        ...distribution.of
          .filter(({ weight }) => weight > 0)
          .map(({ time }) => redoneOf(time, atOnce)),
      );
    case 'loaded':
      return redoneOf(distribution.time, atOnce) * slowdown(distribution, atOnce);
  }
}

/** How many times as long as alone a request takes, with so many at once. */
function slowdown({ slope }: { readonly slope: number }, atOnce: number): number {
  return 1 + slope * (atOnce - 1);
}

interface Weighted {
  readonly value: number;
  readonly weight: number;
}

function average(parts: readonly Weighted[]): number {
  const weights = parts.reduce((all, { weight }) => all + weight, 0);
  return parts.reduce((all, { value, weight }) => all + weight * value, 0) / weights;
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
