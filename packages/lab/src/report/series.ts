/** One value a point; null where there was nothing to measure. */
export type Values = readonly (number | null)[];

/** The most points that a plot has: more than it has pixels would only make the page heavy. */
const MOST_POINTS = 240;

/** How several points become one: percentiles and queues keep their peaks, rates their mean. */
export type Merge = 'mean' | 'max';

/** How many points of a run become one point of its plot. */
export function pointsInOne(duration: number, step: number, most = MOST_POINTS): number {
  return Math.max(1, Math.ceil(duration / step / most));
}

/** Each `group` of neighbouring points as one. */
export function thinned(values: Values, group: number, merge: Merge): Values {
  if (group <= 1) return values;
  return Array.from({ length: Math.ceil(values.length / group) }, (_, index) =>
    folded(
      values.slice(index * group, (index + 1) * group),
      merge === 'mean' ? mean : (some) => Math.max(...some),
    ),
  );
}

/** The highest value of all lines; null if they have none. */
export function highest(lines: readonly Values[]): number | null {
  let most: number | null = null;
  for (const line of lines) {
    for (const value of line) if (value !== null && (most === null || value > most)) most = value;
  }
  return most;
}

/** The lowest value above zero. */
export function lowestPositive(lines: readonly Values[]): number | null {
  let least: number | null = null;
  for (const line of lines) {
    for (const value of line) {
      if (value !== null && value > 0 && (least === null || value < least)) least = value;
    }
  }
  return least;
}

export function same(one: Values, other: Values): boolean {
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function folded(values: Values, fold: (values: readonly number[]) => number): number | null {
  const some = values.filter((value) => value !== null);
  return some.length === 0 ? null : fold(some);
}
