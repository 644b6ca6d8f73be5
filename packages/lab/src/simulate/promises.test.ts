import { describe, expect, it } from 'vitest';
import { exitCodeOf, promisesOf } from './promises.ts';
import type { JudgedExpectation, RunResult } from './result.ts';

const run = (lane: string, seed: number, values: readonly (number | null)[]): RunResult => {
  const expectations = values.map((value): JudgedExpectation => ({
    text: 'queue <= 5',
    is: '<=',
    bound: 5,
    value,
    endless: false,
    holds: value !== null && value <= 5,
  }));
  return { scenario: 'outage', lane, seed, expectations } as unknown as RunResult;
};

const code = (...values: (number | null)[]) => exitCodeOf(promisesOf([run('holdfast', 1, values)]));

describe('promises', () => {
  it('are judged on the fleet as it is, not on other lanes', () => {
    expect(promisesOf([run('naive', 1, [9]), run('holdfast', 1, [3])])).toEqual([
      { name: 'outage: queue <= 5', value: 3, bound: 5, endless: false, holds: true },
    ]);
  });

  it('hold only if they do with every seed, and tell the worst', () => {
    const [good] = promisesOf([run('holdfast', 1, [3]), run('holdfast', 2, [4])]);
    expect(good).toMatchObject({ value: 4, holds: true });
    const [bad] = promisesOf([1, 8, 7].map((value, seed) => run('holdfast', seed, [value])));
    expect(bad).toMatchObject({ value: 8, holds: false });
    const [open] = promisesOf([run('holdfast', 1, [3]), run('holdfast', 2, [null])]);
    expect(open).toMatchObject({ value: null, holds: false });
  });

  it('decide the exit code', () => {
    expect(code()).toBe(0);
    expect(code(1, 2)).toBe(0);
    expect(code(1, 6)).toBe(1);
    expect(code(1, null)).toBe(2);
    expect(code(6, null)).toBe(1);
  });
});
