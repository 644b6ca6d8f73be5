import { type Check, within } from '../../../../scripts/tasks/checks.ts';
import { column, type Law, type Plan, type Sample } from './law.ts';
import { DeafProbe, worldOf } from './worlds.ts';

const SECOND = 1000;
/** When the network holds everything. */
const HOLD = { from: 60 * SECOND, to: 70 * SECOND };
/** How long it is watched without a repair, under the same load: far more than 20 times the fault. */
const HORIZON = 600 * SECOND;
/** How long it is watched with a repair, which shows at once. */
const SHORT = 120 * SECOND;
/** How soon is at once: the second in which all that was held is delivered, and the two of a call. */
const AT_ONCE = 3 * SECOND;
/** A second is good when this share of its users' requests get a good answer. */
const GOOD = 0.95;
const BAD = 0.9;

/** What is changed in the published database. */
type Repair = 'none' | 'bounded queue' | 'LIFO' | keyof typeof DEADLINES;

/**
 * The deadlines of calls where servers check how long their callers still wait: what is left of the attempt's timeout
 * or of this deadline, whichever is less. None; one within which both attempts fit; one that leaves the second half
 * its time.
 */
const DEADLINES = {
  'deadline check': false,
  'deadline check, 2 s': '2s',
  'deadline check, 1.5 s': '1500ms',
} as const;
const CHECKS: Readonly<Partial<Record<Repair, string | false>>> = DEADLINES;

interface Experiment {
  readonly key: string;
  readonly rate: number;
  readonly repair: Repair;
  readonly duration: number;
}

const EXPERIMENTS: readonly Experiment[] = [
  { key: 'below', rate: 140, repair: 'none', duration: HORIZON },
  { key: 'above', rate: 165, repair: 'none', duration: HORIZON },
  { key: 'bounded queue', rate: 165, repair: 'bounded queue', duration: SHORT },
  { key: 'LIFO', rate: 165, repair: 'LIFO', duration: SHORT },
  { key: 'deadline check', rate: 165, repair: 'deadline check', duration: SHORT },
  { key: 'deadline check, 2 s', rate: 165, repair: 'deadline check, 2 s', duration: SHORT },
  { key: 'deadline check, 1.5 s', rate: 165, repair: 'deadline check, 1.5 s', duration: SHORT },
];

/**
 * 30 workers of 100 ms serve 300 a second. Two attempts of everybody are 280 or 330: only the first
 * lets a queue that makes everybody try twice become shorter.
 */
export const metastable: Law = {
  name: 'a metastable database',
  about:
    '30 workers x 100 ms, 1 s timeout, two attempts, 10 s of held network (after Bronson, Aghayev, ' +
    'Charapko, Zhu, "Metastable Failures in Distributed Systems", HotOS 2021)',
  intervals: 0,
  run,
  judge,
};

function run(seed: number, { scale, defect }: Plan): Sample {
  const sample: Record<string, number> = {};
  for (const { key, rate, repair, duration } of EXPERIMENTS) {
    let kind = repair;
    if (defect === 'bounded-queue') kind = 'bounded queue';
    if (defect === 'endless-queue') kind = 'none';
    const end = Math.max(SHORT, duration * scale);
    const goodput = goodputOf(rate, kind, end, seed);
    const before = shareOf(goodput, HOLD.from / 2, HOLD.from);
    sample[`${key}: before`] = before;
    sample[`${key}: recovery`] = recoveryOf(goodput);
    sample[`${key}: last half`] = bestOf(goodput, end / 2, end) / before;
  }
  return sample;
}

function judge(samples: readonly Sample[]): Check[] {
  const most = (name: string) => Math.max(...column(samples, name));
  const least = (name: string) => Math.min(...column(samples, name));
  const repairs = EXPERIMENTS.filter(({ repair }) => repair !== 'none').map(({ key }) => key);
  return [
    ...EXPERIMENTS.map(({ key, rate }) =>
      within(
        `${rate}/s, ${key}: goodput before, least of a run`,
        least(`${key}: before`),
        [0.999, 1],
      ),
    ),
    // Finite: every run has recovered before its end.
    within('140/s: recovers, longest in ms', most('below: recovery'), [AT_ONCE, HORIZON / 2]),
    within(
      '165/s: goodput of the best second of the last half, best run',
      most('above: last half'),
      [0, BAD],
    ),
    ...repairs.map((key) =>
      within(`165/s, ${key}: recovers, longest in ms`, most(`${key}: recovery`), [0, AT_ONCE]),
    ),
  ];
}

/** Share of the users of each second who got a good answer. */
function goodputOf(rate: number, repair: Repair, end: number, seed: number): number[] {
  const order = repair === 'LIFO' ? 'lifo' : 'fifo';
  const deadline = CHECKS[repair] ?? false;
  // Half a second's worth: who gets a place is served in time.
  const max = repair === 'bounded queue' ? 150 : 'unbounded';
  const database = {
    workers: 30,
    serviceTime: '100ms',
    queue: { max, order, checksDeadline: repair in CHECKS, abandoned: 'executed' },
  };
  const policy = {
    timeout: '1s',
    retry: { maxAttempts: 2, budget: false, backoff: { kind: 'constant', base: 0 } },
    deadline,
    breaker: false,
    bulkhead: false,
  };
  const users = { to: 'database', rate, policy, idempotent: true, patience: '1h' };
  const spec = { services: { database }, users: { users } };
  const probe = new GoodputProbe();
  const hold = { hold: 'database', from: HOLD.from, to: HOLD.to };
  // Who comes last gets an answer, too.
  worldOf(spec, end, seed, probe, [hold]).run(end + 3 * SECOND);
  return probe.arrivals.map((arrivals, second) => (probe.good[second] ?? 0) / arrivals);
}

class GoodputProbe extends DeafProbe {
  /** By the second in which they came. */
  readonly arrivals: number[] = [];
  readonly good: number[] = [];

  override userArrived(_users: string, now: number): void {
    const second = Math.floor(now / SECOND);
    this.arrivals[second] = (this.arrivals[second] ?? 0) + 1;
  }

  override userAnswered(_users: string, _now: number, arrivedAt: number, good: boolean): void {
    const second = Math.floor(arrivedAt / SECOND);
    if (good) this.good[second] = (this.good[second] ?? 0) + 1;
  }
}

/** Mean of the seconds between two moments. */
function shareOf(goodput: readonly number[], from: number, to: number): number {
  const seconds = goodput.slice(from / SECOND, to / SECOND);
  return seconds.reduce((sum, share) => sum + share, 0) / seconds.length;
}

function bestOf(goodput: readonly number[], from: number, to: number): number {
  return Math.max(...goodput.slice(from / SECOND, to / SECOND));
}

/** Milliseconds from the end of the hold until every second is good; Infinity if the last one is not. */
function recoveryOf(goodput: readonly number[]): number {
  const lastBad = goodput.findLastIndex((share) => share < GOOD);
  if (lastBad === goodput.length - 1) return Infinity;
  return Math.max(0, (lastBad + 1) * SECOND - HOLD.to);
}
