import { erlangC } from './erlang.ts';

/** Poisson arrivals, exponential service, any number of workers, one unbounded FIFO queue. */
export interface Mmc {
  readonly workers: number;
  /** Arrivals per millisecond. */
  readonly rate: number;
  /** Mean service time, in milliseconds. */
  readonly service: number;
}

/** What is known of a stable M/M/c in the long run. Times are milliseconds. */
export interface MmcFigures {
  readonly utilisation: number;
  /** The share of requests that wait at all. */
  readonly waits: number;
  readonly meanWait: number;
  readonly meanSojourn: number;
  /** Requests that wait. */
  readonly queue: number;
  /** The wait that a share of requests does not exceed; 0 when so many do not wait. */
  waitQuantile(share: number): number;
  /** The same of the whole time in the system. */
  sojournQuantile(share: number): number;
}

/**
 * With spare rate s = c/service − rate, the wait W is 0 but for a share C (Erlang), and then
 * exponential: P(W > t) = C·e^(−s·t). The sojourn adds an independent exponential service.
 *
 * Source: Gross, Shortle, Thompson, Harris, "Fundamentals of Queueing Theory", 4th ed., ch. 2.3.
 */
export function mmc({ workers, rate, service }: Mmc): MmcFigures {
  const load = rate * service;
  if (!(load < workers)) throw new RangeError(`${load} busy of ${workers} workers: never stable`);
  const waits = erlangC(workers, load);
  const spare = workers / service - rate;
  const meanWait = waits / spare;
  return {
    utilisation: load / workers,
    waits,
    meanWait,
    meanSojourn: meanWait + service,
    queue: rate * meanWait,
    waitQuantile: (share) => Math.max(0, Math.log(waits / (1 - share)) / spare),
    sojournQuantile: (share) =>
      solve((t) => sojournTail(waits, spare, 1 / service, t), 1 - share, service),
  };
}

/** P(sojourn > t): a wait that is exponential with probability `waits`, plus a service. */
function sojournTail(waits: number, spare: number, serves: number, t: number): number {
  const alone = Math.exp(-serves * t);
  const gap = spare - serves;
  // Two equal rates make an Erlang stage; the general form would divide zero by zero.
  if (Math.abs(gap) < 1e-9 * serves) return alone * (1 + waits * serves * t);
  const both = (spare * alone - serves * Math.exp(-spare * t)) / gap;
  return (1 - waits) * alone + waits * both;
}

/** Where a falling function reaches `level`, by bisection. */
function solve(tail: (t: number) => number, level: number, scale: number): number {
  let high = scale;
  while (tail(high) > level) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-12 * high; i++) {
    const middle = (low + high) / 2;
    if (tail(middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
