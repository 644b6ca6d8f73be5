/** Poisson arrivals, exponential service, one worker, and room for so many. */
export interface Mm1k {
  /** Arrivals per millisecond. */
  readonly rate: number;
  /** Mean service time, in milliseconds. */
  readonly service: number;
  /** Requests that there is room for, the one in service included. 1 or more. */
  readonly room: number;
}

/** What is known of an M/M/1/K in the long run; it is stable under any load. */
export interface Mm1kFigures {
  /** The share of requests that are turned away. */
  readonly loss: number;
  readonly utilisation: number;
  /** Requests in the system. */
  readonly number: number;
  /** Milliseconds in the system, of those that get in. */
  readonly meanSojourn: number;
}

/** P(n in the system) is proportional to load^n for n = 0..K; arrivals see these shares (PASTA). */
export function mm1k({ rate, service, room }: Mm1k): Mm1kFigures {
  const load = rate * service;
  // From the full end, where the largest term is under overload: no power of a large load.
  const ratio = Math.min(load, 1 / load);
  const weights = Array.from({ length: room + 1 }, (_, n) => ratio ** (load > 1 ? room - n : n));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const loss = shares[room]!;
  const number = shares.reduce((sum, share, n) => sum + n * share, 0);
  return {
    loss,
    utilisation: 1 - shares[0]!,
    number,
    meanSojourn: number / (rate * (1 - loss)),
  };
}
