/**
 * Erlang's two formulas (A. K. Erlang, "Solution of some problems in the theory of probabilities of
 * significance in automatic telephone exchanges", 1917), by recursions in which nothing overflows:
 *
 *   B(0, a) = 1,  B(n, a) = a·B(n−1, a) / (n + a·B(n−1, a))
 *   C(c, a) = c·B / (c − a·(1 − B))
 */

/**
 * The share of requests that find all servers busy when nobody waits (M/G/c/c).
 *
 * @param servers 0 or more. @param load offered, in servers: arrival rate x mean service time.
 */
export function erlangB(servers: number, load: number): number {
  let blocked = 1;
  for (let n = 1; n <= servers; n++) blocked = (load * blocked) / (n + load * blocked);
  return blocked;
}

/** The share of requests that must wait (M/M/c); 1 from `load >= servers` on. */
export function erlangC(servers: number, load: number): number {
  if (load >= servers) return 1;
  const blocked = erlangB(servers, load);
  return (servers * blocked) / (servers - load * (1 - blocked));
}
