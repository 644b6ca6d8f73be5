import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCode } from '../scripts/tasks/checks.ts';
import { judge } from './judge.ts';
import type { Goal, Samples } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { ratios, spreadOf } from './stats.ts';
import { tableOf } from './table.ts';

/** Twice as long as the minimum, and always within one part in a hundred. */
const quiet: Samples = {
  ns: { limit: [100, 101, 100, 99, 100], ours: [200, 201, 202, 198, 199] },
};
const goal: Goal = { name: 'ratio', metric: 'ns', of: 'ours', per: 'limit', bound: 2.1 };

const slowedBy = (factor: number): Samples => ({
  ns: { limit: quiet['ns']!['limit']!, ours: quiet['ns']!['ours']!.map((ns) => ns * factor) },
});

describe('the judge', () => {
  test('finds that a ratio within its bound holds', () => {
    expect(judge(goal, quiet)).toMatchObject({ name: 'ratio', bound: 2.1, holds: true });
    expect(judge(goal, quiet).value).toBeCloseTo(2, 1);
  });

  test('catches a planted slowdown of a tenth', () => {
    expect(judge(goal, slowedBy(1.1)).holds).toBe(false);
    expect(exitCode([judge(goal, quiet), judge(goal, slowedBy(1.1))])).toBe(1);
  });

  test('does not judge when the spread is wider than the margin', () => {
    const noisy = { ns: { ...quiet['ns'], ours: [150, 160, 200, 240, 260] } };
    expect(judge(goal, noisy).holds).toBeNull();
    expect(judge({ ...goal, bound: 1.9 }, noisy).holds).toBeNull();
    expect(exitCode([judge(goal, quiet), judge(goal, noisy)])).toBe(2);
  });

  test('judges a wide spread that is wholly within the bound, or wholly beyond it', () => {
    const noisy = { ns: { ...quiet['ns'], ours: [150, 160, 200, 240, 260] } };
    expect(judge({ ...goal, bound: 3 }, noisy).holds).toBe(true);
    expect(judge({ ...goal, bound: 1.2 }, noisy).holds).toBe(false);
  });

  test('cancels what slows all candidates of a round alike', () => {
    const drift = [1, 3, 1, 5, 2];
    const slow = (figures: readonly number[]) => figures.map((ns, round) => ns * drift[round]!);
    const drifting = {
      ns: { limit: slow(quiet['ns']!['limit']!), ours: slow(quiet['ns']!['ours']!) },
    };
    expect(judge(goal, drifting)).toEqual(judge(goal, quiet));
  });

  test.each([
    ['no candidate', {}],
    ['no samples', { ns: { limit: [1], ours: [] } }],
    ['nothing to compare with', { ns: { ours: [1] } }],
    ['a candidate that takes no time', { ns: { limit: [0], ours: [1] } }],
    ['a figure that is none', { ns: { limit: [1], ours: [NaN] } }],
  ])('does not judge %s', (_what, samples) => {
    expect(judge(goal, samples as Samples)).toMatchObject({ value: null, holds: null });
    expect(exitCode([judge(goal, samples as Samples)])).toBe(2);
  });

  test('bounds a figure itself when there is nothing to compare with', () => {
    const left: Goal = { name: 'listeners', metric: 'listeners', of: 'ours', bound: 0 };
    expect(judge(left, { listeners: { ours: [0] } }).holds).toBe(true);
    expect(judge(left, { listeners: { ours: [1] } }).holds).toBe(false);
  });

  test('turns around for what must be at least so much', () => {
    const least: Goal = { ...goal, bound: 0.9, atLeast: true };
    const of = (ours: number[]) => judge(least, { ns: { limit: [100, 100, 100], ours } }).holds;
    expect(of([95, 96, 97])).toBe(true);
    expect(of([80, 81, 82])).toBe(false);
    expect(of([80, 91, 95])).toBeNull();
  });
});

describe('the statistics', () => {
  test('take the median between the quartiles', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4 });
    expect(spreadOf([1, 2])).toEqual({ median: 1.5, low: 1.25, high: 1.75 });
    expect(spreadOf([]).median).toBeNaN();
  });

  test('pair the rounds that both have', () => {
    expect(ratios([2, 9, 4], [1, 3])).toEqual([2, 3]);
  });
});

describe('the table', () => {
  test('shows figures, ratios, goals and whether they hold', () => {
    const scenario = {
      name: 'pipeline',
      title: 'all four',
      metrics: { ns: 'ns' },
      goals: [goal],
      notes: ['why'],
    };
    const text = tableOf(scenario, slowedBy(1.1), [judge(goal, slowedBy(1.1))]);
    expect(text).toContain('### pipeline: all four');
    expect(text).toMatch(/\| limit +\| +100 \|/);
    expect(text).toMatch(/\| ours +\| +220 \(219\.\.221\) \| +2\.20 \(/);
    expect(text).toMatch(/\| ratio +\| .* <= 2\.1 \| \*\*missed\*\* \|/);
    expect(text).toContain('- why');
  });
});

describe('the scenarios', () => {
  test('have names and goals that cannot be confused', () => {
    const names = scenarios.flatMap(({ name, goals }) => [
      name,
      ...goals.map((each) => `${name}: ${each.name}`),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('bound only metrics that they show or say they measure', () => {
    for (const { name, goals, metrics } of scenarios) {
      for (const each of goals) {
        expect(Object.keys(metrics), `${name}: ${each.name}`).toContain(each.metric);
      }
    }
  });

  test.each(scenarios.flatMap((each) => (each.candidates === undefined ? [] : [each])))(
    'bound and compare only candidates there are: $name',
    async ({ candidates, goals, base = 'limit', alone = [] }) => {
      const names = (await candidates!()).map(({ name }) => name);
      const used = goals.flatMap(({ of, per = of }) => [of, per]);
      expect(names).toEqual(expect.arrayContaining([...used, base, ...alone]));
      expect(new Set(names).size).toBe(names.length);
    },
  );

  test.each(['limit.ts', 'limit-alone.ts'])('have a minimum that fits one screen: %s', (file) => {
    const lines = readFileSync(join(import.meta.dirname, file), 'utf8').split('\n');
    expect(lines.length - 1).toBeLessThanOrEqual(80);
  });
});
