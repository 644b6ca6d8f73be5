/** Poisson arrivals, any service time, one worker, an unbounded FIFO queue. */
export interface Mg1 {
  /** Arrivals per millisecond. */
  readonly rate: number;
  /** Mean service time, in milliseconds. */
  readonly service: number;
  /** Standard deviation of the service time / its mean: 0 constant, 1 exponential. */
  readonly cv: number;
}

/** Means of a stable M/G/1, in milliseconds. */
export interface Mg1Figures {
  readonly utilisation: number;
  readonly meanWait: number;
  readonly meanSojourn: number;
  /** Requests that wait. */
  readonly queue: number;
}

/**
 * Pollaczek and Khinchine: mean wait = rate · E[S²] / (2·(1 − utilisation)), with
 * E[S²] = service² · (1 + cv²).
 */
export function mg1({ rate, service, cv }: Mg1): Mg1Figures {
  const utilisation = rate * service;
  if (!(utilisation < 1)) throw new RangeError(`utilisation ${utilisation}: never stable`);
  const meanWait = (rate * service ** 2 * (1 + cv ** 2)) / (2 * (1 - utilisation));
  return { utilisation, meanWait, meanSojourn: meanWait + service, queue: rate * meanWait };
}
