/** Means of replications, and how far they can be trusted. */

/** A mean, and half the width of its confidence interval. */
export interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: divided by n − 1. NaN for fewer than two values. */
export function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return NaN;
  const centre = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * The mean of independent replications with its two-sided Student interval.
 *
 * @param doubt how often the interval may miss the true mean, 0 to 1: 0.01 for 99 %.
 */
export function estimate(values: readonly number[], doubt: number): Estimate {
  const n = values.length;
  const spread = standardDeviation(values) / Math.sqrt(n);
  return { mean: mean(values), halfWidth: studentQuantile(1 - doubt / 2, n - 1) * spread };
}

/** Doubt for each of `checks`, so that all of them together have `doubt` (Bonferroni). */
export function bonferroni(doubt: number, checks: number): number {
  return doubt / checks;
}

/** The value that a share of sorted values does not exceed, interpolated; NaN without any. */
export function quantileOf(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return NaN;
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

/** The value that Student's t with so many degrees of freedom does not exceed, with probability `p`. */
export function studentQuantile(p: number, freedom: number): number {
  if (p < 0.5) return -studentQuantile(1 - p, freedom);
  let high = 1;
  while (studentTail(high, freedom) > 1 - p) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (studentTail(middle, freedom) > 1 - p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(T > t) for t >= 0 = I(ν / (ν + t²); ν/2, 1/2) / 2. */
function studentTail(t: number, freedom: number): number {
  return incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
}

/** The regularised incomplete beta function (DLMF 8.17.22), on the side where the fraction converges. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log(1 - x) - logBeta) / a;
  return front / betaFraction(x, a, b);
}

/** 1 + d1/(1 + d2/(1 + ...)), from its far end, where 200 terms are far more than are needed. */
function betaFraction(x: number, a: number, b: number): number {
  let value = 1;
  for (let n = 200; n >= 1; n--) {
    const m = Math.floor(n / 2);
    const term =
      n % 2 === 0
        ? (m * (b - m) * x) / ((a + n - 1) * (a + n))
        : (-(a + m) * (a + b + m) * x) / ((a + n - 1) * (a + n));
    value = 1 + term / value;
  }
  return value;
}

/** Stirling's series, after the argument has been raised to where five terms give 14 digits. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z++) shift += Math.log(z);
  const inverse = 1 / (z * z);
  const series =
    1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)));
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series / z - shift;
}
