import { type BackoffOptions, seededRandom } from 'holdfast';
import { type CustomServer, fleetOf, simulate, type SpecData } from '../../src/index.ts';
import { mean } from '../stats.ts';
import { type Check, within } from '../../../../scripts/tasks/checks.ts';
import { column, type Law, type Plan, type Sample } from './law.ts';
import {
  BASE,
  CAP,
  type Contest,
  networkDelay,
  STRATEGIES,
  type Strategy,
  updateOneRow,
} from './one-row.ts';
import { BARE } from './worlds.ts';

/** How many clients contend. */
const CROWDS = [20, 40, 60, 80, 100] as const;
const [FEWEST, , , , MOST] = CROWDS;
/** Contests of each kind in one run: with 20 seeds 100, as published. */
const CONTESTS = 5;

interface Backoff extends Pick<BackoffOptions, 'jitter'> {
  readonly kind?: 'constant';
  readonly base: number;
  readonly max?: number;
}

/**
 * What the published one calls a wait after the n-th failure is 2^n x 5 ms; Holdfast counts from
 * the base, so its base is the first of these waits.
 */
const BACKOFFS: Record<Strategy, Backoff> = {
  none: { kind: 'constant', base: 0, jitter: 'none' },
  exponential: { base: 2 * BASE, max: CAP, jitter: 'none' },
  equal: { base: 2 * BASE, max: CAP, jitter: 'equal' },
  decorrelated: { base: BASE, max: CAP, jitter: 'decorrelated' },
  full: { base: 2 * BASE, max: CAP, jitter: 'full' },
};

/** N clients update one row, each until it has succeeded once. */
export const backoffAndJitter: Law = {
  name: 'backoff and jitter',
  about:
    'N clients update one optimistic-concurrency row (Brooker, "Exponential Backoff And Jitter", ' +
    'AWS Architecture Blog, 2015): five strategies, and the same written straight down',
  intervals: 0,
  run,
  judge,
};

function run(seed: number, plan: Plan): Sample {
  const sample: Record<string, number> = {};
  const contests = Math.max(1, Math.round(CONTESTS * plan.scale));
  for (const strategy of STRATEGIES) {
    for (const crowd of CROWDS) {
      const ours: Contest[] = [];
      const straight: Contest[] = [];
      for (let i = 0; i < contests; i++) {
        const random = seededRandom(`${seed}/${strategy}/${crowd}/${i}`);
        const backoff = spoilt(BACKOFFS[strategy], plan);
        ours.push(contest(crowd, backoff, Math.floor(random.fork('holdfast').next() * 2 ** 32)));
        const other = random.fork('straight');
        straight.push(updateOneRow(crowd, strategy, () => other.next()));
      }
      sample[`${strategy} ${crowd} calls`] = mean(ours.map(({ calls }) => calls));
      sample[`${strategy} ${crowd} time`] = mean(ours.map(({ time }) => time));
      sample[`${strategy} ${crowd} straight calls`] = mean(straight.map(({ calls }) => calls));
    }
  }
  return sample;
}

function spoilt(backoff: Backoff, { defect }: Plan): Backoff {
  if (defect === 'no-jitter') return { ...backoff, jitter: 'none' };
  if (defect === 'short-backoff') return { ...backoff, base: backoff.base / 2 };
  return backoff;
}

/** One contest on the production policies, in virtual time. */
function contest(clients: number, backoff: Backoff, seed: number): Contest {
  let time = 0;
  const fleet = fleetOf({
    services: { row: { workers: clients } },
    users: {
      writers: { to: 'row', clients, think: 0, idempotent: true, policy: policyOf(backoff) },
    },
    scenarios: { contest: { duration: '24h' } },
  } satisfies SpecData);
  const { work } = simulate(fleet, {
    scenario: 'contest',
    lane: 'holdfast',
    seed,
    servers: { row },
    clients: { writers: ({ call, now }) => call(() => (time = now())) },
  });
  return { calls: work.attempts, time };
}

/** Nothing but retries, without an end. */
function policyOf(backoff: Backoff): object {
  return { ...BARE, retry: { maxAttempts: 1_000_000, backoff, budget: false } };
}

/** One attempt: a read there and back, a conditional write there and back. */
const row: CustomServer = ({ random }) => {
  const delay = (): number => networkDelay(() => random.next());
  let version = 0;
  return ({ work, answer }) =>
    work(delay(), () => {
      const seen = version;
      work(delay(), () =>
        work(delay(), () => {
          const wins = version === seen;
          if (wins) version++;
          work(delay(), () => answer(wins ? 'success' : 'transient'));
        }),
      );
    });
};

function judge(samples: readonly Sample[]): Check[] {
  const calls = (strategy: Strategy, crowd: number, kind: 'calls' | 'straight calls' = 'calls') =>
    mean(column(samples, `${strategy} ${crowd} ${kind}`));
  const time = (strategy: Strategy, crowd: number) =>
    mean(column(samples, `${strategy} ${crowd} time`));
  const growth = (of: typeof time, strategy: Strategy, from: number) =>
    Math.log(of(strategy, MOST) / of(strategy, from)) / Math.log(MOST / from);
  const ratio = (of: typeof time, more: Strategy, less: Strategy) =>
    within(
      `${of === time ? 'time' : 'calls'} of ${MOST}: ${more} / ${less}`,
      of(more, MOST) / of(less, MOST),
      [1, null],
    );

  const gaps = STRATEGIES.map((strategy) => {
    const worst = CROWDS.map(
      (n) => calls(strategy, n) / calls(strategy, n, 'straight calls') - 1,
    ).toSorted((a, b) => Math.abs(b) - Math.abs(a))[0]!;
    return within(
      `${strategy}: calls against the straight-line ones, largest gap`,
      worst,
      [-0.05, 0.05],
    );
  });
  return [
    ...gaps,
    ratio(calls, 'none', 'exponential'),
    ratio(calls, 'exponential', 'decorrelated'),
    ratio(calls, 'decorrelated', 'full'),
    ratio(calls, 'equal', 'full'),
    ratio(time, 'exponential', 'equal'),
    ratio(time, 'equal', 'full'),
    ratio(time, 'full', 'decorrelated'),
    ratio(time, 'decorrelated', 'none'),
    // N compete in the first round, N - 1 in the second: about N², from where rounds are full.
    within('none: calls grow with the power', growth(calls, 'none', 40), [1.7, 2.1]),
    ...(['equal', 'decorrelated', 'full'] as const).map((strategy) =>
      within(`${strategy}: calls grow with the power`, growth(calls, strategy, FEWEST), [1, 1.5]),
    ),
    // One succeeds a round.
    within(
      'none: time is off a straight line by',
      bend((n) => time('none', n)),
      [0, 0.03],
    ),
    within(
      'exponential: time in that of the slowest with jitter',
      time('exponential', MOST) / time('equal', MOST),
      [5, null],
    ),
  ];
}

/** How far a curve leaves the line between its ends, as a share of its last value. */
function bend(curve: (n: number) => number): number {
  const slope = (curve(MOST) - curve(FEWEST)) / (MOST - FEWEST);
  const off = CROWDS.map((n) => Math.abs(curve(n) - curve(FEWEST) - slope * (n - FEWEST)));
  return Math.max(...off) / curve(MOST);
}
