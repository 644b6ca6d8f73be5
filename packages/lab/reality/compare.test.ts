import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCode } from '../../../scripts/tasks/checks.ts';
import type { RunResult } from '../src/simulate/result.ts';
import { simulate } from '../src/simulate/simulate.ts';
import type { Fleet } from '../src/spec/model.ts';
import { compare, keptUp, median, noticed } from './compare.ts';
import type { Pace, RealRun } from './stage.ts';
import { misstated, stageable } from './staging.ts';

const file = join(import.meta.dirname, 'shop.yaml');
const fleet = await stageable(file);
const FAST: Pace = { loopDelay: 19, lateness: 9 };

function simulated(of: Fleet, scenario: string, seeds: readonly number[]): RunResult[] {
  return seeds.map((seed) => simulate(of, { scenario, lane: 'holdfast', seed }));
}

/** What was simulated, as if it had been real. */
function realRuns(results: readonly RunResult[], pace: Partial<Pace> = {}): RealRun[] {
  return results.map((result) => ({
    result,
    pace: result.phases.map(() => ({ ...FAST, ...pace })),
  }));
}

const virtual = simulated(fleet, 'slow', [1, 2, 3, 4, 5]);
const real = realRuns(virtual.slice(0, 3));
const broken = (runs: readonly RealRun[], wanted = 3): string[] =>
  compare(virtual, runs, wanted)
    .filter(({ holds }) => holds === false)
    .map(({ name }) => name);

/** A run as a planted difference makes it: plain JSON, so that a path leads to each number. */
function altered({ result, pace }: RealRun, ...changes: [path: string, change: number][]): RealRun {
  const copy = structuredClone(result);
  for (const [path, change] of changes) {
    const keys = path.split('.');
    const last = keys.pop()!;
    const holder = keys.reduce(
      (at, key) => at[key] as Record<string, unknown>,
      copy as unknown as Record<string, unknown>,
    );
    holder[last] = (holder[last] as number) + change;
  }
  return { result: copy, pace };
}

function stable(run: RealRun): RealRun {
  return { ...run, result: { ...run.result, verdict: { kind: 'stable', after: null } } };
}

describe('real runs like the virtual ones', () => {
  test.each([...fleet.scenarios.keys()])('agree: %s', (scenario) => {
    const checks = compare(
      simulated(fleet, scenario, [1, 2, 3, 4, 5]),
      realRuns(simulated(fleet, scenario, [11, 12, 13])),
      3,
    );
    expect(checks).toHaveLength(1 + 3 * 3);
    expect(checks.filter(({ holds }) => holds !== true)).toEqual([]);
  });
});

describe('a planted difference', () => {
  const goodput = 'users.0.byPhase.fault.goodput';
  const attempts = 'edges.1.byPhase.after.attemptsPerCall';

  test('of more than 5 points of goodput is told, and of no more is not', () => {
    const [first] = real;
    const expected = median(virtual.map((run) => run.users[0]!.byPhase['fault']!.goodput!));
    const off = expected - first!.result.users[0]!.byPhase['fault']!.goodput!;
    const runs = (by: number): RealRun[] => [altered(first!, [goodput, off + by])];
    expect(broken(runs(0.049), 1)).toEqual([]);
    expect(broken(runs(-0.049), 1)).toEqual([]);
    expect(broken(runs(0.051), 1)).toEqual(['goodput of shoppers during the fault']);
    expect(broken(runs(-0.051), 1)).toEqual(['goodput of shoppers during the fault']);
  });

  test('of more than 10 % of attempts is told, and of no more is not', () => {
    const [first] = real;
    const expected = median(virtual.map((run) => run.edges[1]!.byPhase['after']!.attemptsPerCall!));
    const off = expected - first!.result.edges[1]!.byPhase['after']!.attemptsPerCall!;
    const runs = (by: number): RealRun[] => [altered(first!, [attempts, off + by])];
    expect(broken(runs(0.099 * expected), 1)).toEqual([]);
    expect(broken(runs(0.101 * expected), 1)).toEqual([
      'attempts per call web > payments after the fault',
    ]);
  });

  test('in one run of three is not the median', () => {
    const [first, ...others] = real;
    expect(broken([altered(first!, [goodput, 0.3], [attempts, 1]), ...others])).toEqual([]);
    const most = real.map((run, i) => (i === 0 ? run : altered(run, [goodput, 0.3])));
    expect(broken(most)).toEqual(['goodput of shoppers during the fault']);
  });

  test('of the verdict is told if it is that of most', () => {
    expect(broken(real.map((run, i) => (i === 0 ? stable(run) : run)))).toEqual([]);
    expect(broken(real.map((run, i) => (i === 0 ? run : stable(run))))).toEqual([
      'runs of 3 that are `degraded`',
    ]);
  });
});

/** The third run is slow in one phase. */
const withSlow = (pace: Partial<Pace>): RealRun[] =>
  real.map((run, i) => (i < 2 ? run : { ...run, pace: [FAST, { ...FAST, ...pace }, FAST] }));

describe('a machine that did not keep up', () => {
  test.each([{ loopDelay: 20 }, { lateness: 10 }, { loopDelay: NaN }])(
    'leaves a phase without judgement, and the verdict: %j',
    (pace) => {
      const unclear = compare(virtual, withSlow(pace), 3).filter(({ holds }) => holds === null);
      expect(unclear.map(({ name }) => name)).toEqual([
        'runs of 3 that are `degraded`',
        'goodput of shoppers during the fault',
        'attempts per call shoppers > web during the fault',
        'attempts per call web > payments during the fault',
      ]);
      expect(unclear.every(({ value }) => Number.isFinite(value))).toBe(true);
      expect(withSlow(pace).map(keptUp)).toEqual([true, true, false]);
    },
  );

  test('is made up for by further runs, and what it spoilt does not count', () => {
    const spoilt = real.map((run) => {
      const { result } = altered(run, ['users.0.byPhase.fault.goodput', -0.6]);
      return { result, pace: run.pace.map(() => ({ ...FAST, loopDelay: 50 })) };
    });
    expect(exitCode(compare(virtual, [...spoilt, ...real], 3))).toBe(0);
    expect(exitCode(compare(virtual, [...spoilt, ...real.slice(1)], 3))).toBe(2);
  });
});

const against = (other: Fleet, runs = real): ReturnType<typeof compare> =>
  compare(simulated(other, 'slow', [1, 2, 3, 4, 5]), runs, 3);

describe('a mis-stated timeout', async () => {
  const wrong = await misstated(file);
  test('makes virtual and real runs disagree', () => {
    expect([...wrong.keys()]).toEqual(['charge']);
    for (const [policy, other] of wrong) {
      expect(exitCode(against(other))).toBe(1);
      expect(noticed(policy, against(fleet), against(other)).holds).toBe(true);
    }
  });

  test('that changes nothing is not noticed, and that is a broken promise', () => {
    expect(noticed('charge', against(fleet), against(fleet))).toMatchObject({
      value: 0,
      holds: false,
    });
  });

  test('is not noticed by what does not hold anyway', () => {
    const [other] = wrong.values();
    const wild = realRuns(simulated(other!, 'outage', [1, 2, 3]));
    const right = against(fleet, wild).map((check) => ({ ...check, holds: false }));
    expect(noticed('charge', right, against(other!, wild)).holds).toBe(false);
  });

  test('cannot be looked for where nothing could be judged', () => {
    const late = realRuns(virtual.slice(0, 3), { lateness: 30 });
    const [other] = wrong.values();
    expect(noticed('charge', against(fleet, late), against(other!, late)).holds).toBe(null);
  });
});

test('the median is the middle one, or between the two in the middle', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([])).toBeNaN();
});
