/**
 * Clients that update one optimistic-concurrency row, written straight down: no Holdfast, no clock,
 * no events. Every client has exactly one message under way, so the run is "take the earliest
 * message, see what it does" until nobody has one. What the simulator says is held against this.
 *
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */

/** The five ways to wait, as published. */
export const STRATEGIES = ['none', 'exponential', 'equal', 'decorrelated', 'full'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Milliseconds, as published: waits of 2^n x 5 after the n-th failure, at most 2 s. */
export const BASE = 5;
export const CAP = 2000;
/** The published network: normal, mean 10 ms, standard deviation 2 ms. */
const NETWORK = { mean: 10, deviation: 2 };

/** What it took until every client had updated the row once. */
export interface Contest {
  /** Writes that reached the row. */
  readonly calls: number;
  /** Milliseconds until the last client knew that it had succeeded. */
  readonly time: number;
}

// The four messages of one try; the second, a read's answer, changes nothing.
const READ_ARRIVES = 0;
const WRITE_ARRIVES = 2;
const WRITE_ANSWERED = 3;

/** @param uniform draws from [0, 1). */
export function updateOneRow(clients: number, strategy: Strategy, uniform: () => number): Contest {
  const due = Array.from({ length: clients }, () => networkDelay(uniform));
  const step = new Array<number>(clients).fill(READ_ARRIVES);
  const seen = new Array<number>(clients).fill(-1);
  const failures = new Array<number>(clients).fill(0);
  const slept = new Array<number>(clients).fill(BASE);
  let version = 0;
  let calls = 0;
  let time = 0;
  for (let left = clients; left > 0;) {
    let who = 0;
    for (let i = 1; i < clients; i++) if (due[i]! < due[who]!) who = i;
    time = due[who]!;
    const now = step[who]!;
    step[who] = (now + 1) % 4;
    due[who] = time + networkDelay(uniform);
    if (now === READ_ARRIVES) seen[who] = version;
    if (now === WRITE_ARRIVES) {
      calls++;
      const wins = seen[who] === version;
      if (wins) version++;
      seen[who] = wins ? Infinity : -1;
    }
    if (now !== WRITE_ANSWERED) continue;
    if (seen[who] === Infinity) {
      due[who] = Infinity;
      left--;
    } else {
      failures[who]!++;
      slept[who] = sleep(strategy, failures[who]!, slept[who]!, uniform);
      due[who]! += slept[who]!;
    }
  }
  return { calls, time };
}

/** Milliseconds that one message is under way. */
export function networkDelay(uniform: () => number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
  return Math.abs(NETWORK.mean + NETWORK.deviation * radius * Math.cos(2 * Math.PI * uniform()));
}

/** How long to sleep after the n-th failure, when the sleep before was `slept`: the published formulas. */
function sleep(strategy: Strategy, n: number, slept: number, uniform: () => number): number {
  const v = Math.min(CAP, 2 ** n * BASE);
  switch (strategy) {
    case 'none':
      return 0;
    case 'exponential':
      return v;
    case 'equal':
      return v / 2 + (uniform() * v) / 2;
    case 'full':
      return uniform() * v;
    case 'decorrelated':
      return Math.min(CAP, BASE + uniform() * (3 * slept - BASE));
  }
}
