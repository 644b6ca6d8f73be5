/** What a nested call leaves its parent to work with: at least 10 ms, and 5 % of what is left. */
const RESERVE_MS = 10;
const RESERVE_SHARE = 0.05;

/**
 * The time a call may take, in milliseconds: its own allowance, or what its parent has left less a
 * reserve of max(10 ms, 5 %), whichever is shorter. Zero or less: there is no time for it at all.
 */
export function allowance(own: number, parentRemaining: number): number {
  if (parentRemaining === Infinity) return own;
  const reserve = Math.max(RESERVE_MS, RESERVE_SHARE * parentRemaining);
  return Math.min(own, parentRemaining - reserve);
}
