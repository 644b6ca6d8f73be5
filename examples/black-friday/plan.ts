import { seededRandom } from 'holdfast';

/** What the payment provider does for a while. */
export interface Phase {
  readonly name: PhaseName;
  readonly provider: 'healthy' | 'slow' | 'down';
  /** How long it lasts, in milliseconds. */
  readonly length: number;
}

export type PhaseName = 'healthy' | 'slow' | 'down' | 'back' | 'after';

export type LaneName = 'naive' | 'holdfast';
export const LANES: readonly LaneName[] = ['naive', 'holdfast'];

/** One run: who does what, and when. All times are milliseconds. */
export interface Plan {
  readonly seed: number;
  /** How many times shorter than life the outage is, and every duration of the clients' policies. */
  readonly speedup: number;
  readonly phases: readonly Phase[];
}

/** Checkouts a second, in each lane. */
export const RATE = 80;

/**
 * The payment provider. Its 4 workers of 20 ms serve 200 charges a second: far more than is
 * offered, and far less than comes when every charge is tried four times.
 */
export const PROVIDER = { workers: 4, serviceTime: 20, slowness: 20, line: 2000 };

/**
 * A database failover at the provider, seconds in life. It is healthy for the last two phases: in
 * `back` the lanes may take their time to recover, by `after` they should have.
 */
const FAILOVER: readonly [PhaseName, Phase['provider'], number][] = [
  ['healthy', 'healthy', 30],
  ['slow', 'slow', 20],
  ['down', 'down', 10],
  ['back', 'healthy', 60],
  ['after', 'healthy', 45],
];

export function planOf(seed: number, speedup: number, schedule = FAILOVER): Plan {
  const phases = schedule.map(([name, provider, seconds]) => {
    return { name, provider, length: (seconds * 1000) / speedup };
  });
  return { seed, speedup, phases };
}

/** The limits of both lanes: how long one attempt may take, and a call of Holdfast's as a whole. */
export function limits({ speedup }: Plan): { attempt: number; call: number } {
  return { attempt: 5000 / speedup, call: 20_000 / speedup };
}

export function lengthOf({ phases }: Plan): number {
  return phases.reduce((sum, { length }) => sum + length, 0);
}

/** When a phase begins. */
export function startOf({ phases }: Plan, name: PhaseName): number {
  const index = phases.findIndex((phase) => phase.name === name);
  return phases.slice(0, index).reduce((sum, { length }) => sum + length, 0);
}

/** The index of the phase at a time; the first goes back for ever, the last never ends. */
export function phaseAt({ phases }: Plan, time: number): number {
  let end = 0;
  const index = phases.findIndex(({ length }) => time < (end += length));
  return index === -1 ? phases.length - 1 : index;
}

/** When shoppers check out: a Poisson process, the same for both lanes, the same for the same seed. */
export function arrivalsOf(plan: Plan): number[] {
  const random = seededRandom(plan.seed).fork('arrivals');
  const end = lengthOf(plan);
  const arrivals: number[] = [];
  const gap = (): number => (-Math.log(1 - random.next()) * 1000) / RATE;
  for (let time = gap(); time < end; time += gap()) arrivals.push(time);
  return arrivals;
}
