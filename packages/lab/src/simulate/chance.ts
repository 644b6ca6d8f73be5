/*
 * What chance alone may make of requests that fail. Requests that fail together are no independent
 * trials: each such cluster counts as one (a quasi-binomial's design effect).
 */

/** Requests of which it is known how they ended. */
export interface Sample {
  readonly judged: number;
  readonly good: number;
}

/** Standard errors beyond which failures are taken to come together. */
const SURE = 3;
/** A stretch is two of so many parts of all windows. */
const PARTS = 8;
/** Without its worst stretch even a usual time shows smaller clusters: up to so many times smaller is the same. */
const LUCK = 2;

/**
 * How many failures usually come together. A single outage, or a cold start, does not show that, and
 * would excuse all that are like it: so each stretch is left out in turn, and what the rest shows is the bound.
 */
export function usualCluster(windows: readonly Sample[]): number {
  let cluster = clusterIn(windows, SURE);
  const stride = Math.round(windows.length / PARTS);
  for (let at = 0; cluster > 1 && at < windows.length; at += stride) {
    const rest = windows.toSpliced(at, 2 * stride);
    cluster = Math.min(cluster, LUCK * clusterIn(rest, 0));
  }
  return cluster;
}

/**
 * How many failures come together in these windows: their variance, by von Neumann's successive
 * differences, over what it would be if each failure came by itself. 1 where it is not larger by
 * `sure` standard errors.
 */
function clusterIn(windows: readonly Sample[], sure: number): number {
  const judged = windows.reduce((sum, window) => sum + window.judged, 0);
  const good = windows.reduce((sum, window) => sum + window.good, 0);
  const failed = judged - good;
  if (failed === 0 || good === 0) return 1;
  const excess = windows.map((one) => one.judged - one.good - (one.judged * failed) / judged);
  const squares = excess.slice(1).map((each, i) => (each - excess[i]!) ** 2 / 2);
  const variance = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  const expected = failed / windows.length;
  const ratio = variance / (expected * (good / judged));
  // Of that variance where each failure comes by itself: they are then as good as Poisson's.
  const error = Math.sqrt((3 + 1 / expected) / squares.length);
  return ratio > 1 + sure * error ? ratio : 1;
}

/** The sample with one request for each cluster. */
export function thinned({ judged, good }: Sample, cluster: number): Sample {
  const kept = Math.round(good / cluster);
  return { judged: kept + Math.round((judged - good) / cluster), good: kept };
}

/**
 * Logarithm of how likely it is that the first of two samples has so few good requests by chance alone:
 * Fisher's exact test. The terms of its tail fall at least as fast as a geometric series.
 */
export function chanceOfFewer(one: Sample, other: Sample): number {
  const bad = other.judged - other.good;
  const ratio = (one.good / (one.judged - one.good + 1)) * (bad / (other.good + 1));
  if (ratio >= 1) return 0;
  const [judged, good] = [one.judged + other.judged, one.good + other.good];
  const term =
    logChoose(one.judged, one.good) + logChoose(other.judged, other.good) - logChoose(judged, good);
  return term - Math.log(1 - ratio);
}

function logChoose(all: number, some: number): number {
  return logFactorial(all) - logFactorial(some) - logFactorial(all - some);
}

/** Stirling's series, off by less than 0.001. */
function logFactorial(n: number): number {
  return n === 0 ? 0 : (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * n);
}
