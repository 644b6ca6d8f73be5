import { describe, expect, test } from 'vitest';
import type { Check } from '../../../../scripts/tasks/checks.ts';
import { DOUBT, laws } from '../laws.ts';
import type { Defect } from './law.ts';

/** Minutes of virtual time, on whatever machine. */
const SLOW = { timeout: 60_000 };

/** Short runs of one law: enough to see a defect, not to narrow every interval. */
function checks(name: string, scale: number, seeds: number, defect: Defect | null): Check[] {
  const law = laws.find((one) => one.name === name)!;
  const samples = Array.from({ length: seeds }, (_, i) => law.run(i + 1, { scale, defect }));
  return law.judge(samples, DOUBT);
}

const broken = (all: readonly Check[]): string[] =>
  all.filter(({ holds }) => holds === false).map(({ name }) => name);

const shortRuns = [
  ['M/M/1', 0.1, 20],
  ['M/M/4', 0.05, 20],
  ['M/E4/1', 0.2, 20],
  ['M/M/1/5', 0.3, 20],
  ['M/M/10/10', 0.2, 20],
  ['three layers of retries', 0.05, 20],
  ['three layers of budgets', 0.5, 3],
  ['backoff and jitter', 1, 8],
  ['a metastable database', 1, 2],
] as const;

describe('without a defect', () => {
  test.each(shortRuns)('%s breaks no promise', SLOW, (name, scale, seeds) => {
    expect(broken(checks(name, scale, seeds, null))).toEqual([]);
  });

  test.each(['M/M/1', 'three layers of retries', 'backoff and jitter'])(
    '%s repeats with the same seed, and differs with another',
    (name) => {
      const law = laws.find((one) => one.name === name)!;
      const plan = { scale: 0.02, defect: null };
      expect(law.run(1, plan)).toEqual(law.run(1, plan));
      expect(law.run(2, plan)).not.toEqual(law.run(1, plan));
    },
  );
});

describe('a planted defect breaks a promise', () => {
  test.each([
    ['M/M/1', 0.2, 20, 'slow-clock', 'arrivals per second'],
    ['M/M/1', 0.1, 20, 'extra-worker', 'mean wait'],
    ['M/M/1', 0.1, 3, 'two-clocks', 'L against λW, largest gap of a run'],
    ['M/M/4', 0.05, 20, 'extra-worker', 'share that waits'],
    ['M/E4/1', 0.2, 20, 'lost-variance', 'mean wait'],
    ['M/M/1/5', 0.3, 20, 'extra-room', 'share lost'],
    ['M/M/10/10', 0.2, 20, 'extra-worker', 'share lost'],
    ['three layers of retries', 0.02, 5, 'extra-attempt', 'requests for one, p = 1'],
    ['three layers of budgets', 0.5, 3, 'double-budget', 'requests for one, most of a run'],
    [
      'backoff and jitter',
      1,
      3,
      'no-jitter',
      'full: calls against the straight-line ones, largest gap',
    ],
    [
      'backoff and jitter',
      1,
      3,
      'short-backoff',
      'equal: calls against the straight-line ones, largest gap',
    ],
    [
      'a metastable database',
      1,
      1,
      'bounded-queue',
      '165/s: goodput of the best second of the last half, best run',
    ],
    ['a metastable database', 1, 1, 'endless-queue', '165/s, LIFO: recovers, longest in ms'],
  ] as const)('%s (scale %d, %d seeds): %s', SLOW, (name, scale, seeds, defect, promise) => {
    expect(broken(checks(name, scale, seeds, defect))).toContain(promise);
  });
});
