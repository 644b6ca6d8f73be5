/** Things, and how many of each. */
export type Shares<T> = readonly (readonly [number, T])[];

/** Steps between neighbours: prime to the lengths that we use. */
const STRIDE = 37;

/** So many of each, well mixed, always in the same order. */
export function mixed<T>(shares: Shares<T>): readonly T[] {
  const sorted = shares.flatMap(([times, one]) => new Array<T>(times).fill(one));
  return sorted.map((_, i) => sorted[(i * STRIDE) % sorted.length]!);
}
