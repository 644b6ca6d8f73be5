import { describe, expect, test } from 'vitest';
import { exitCode, tableOf } from '../table.ts';
import { agrees, column, within } from './law.ts';

describe('an interval check', () => {
  const near = [9.99, 10.01, 10, 10.02, 9.98];

  test('holds when the theory lies in a narrow interval', () => {
    const check = agrees('mean', 10, near, 0.01);
    expect(check.holds).toBe(true);
    expect(check.value).toBeCloseTo(10, 9);
    const [low, high] = check.bound as [number, number];
    expect((low + high) / 2).toBeCloseTo(10, 9);
  });

  test('does not when the theory lies outside', () => {
    expect(agrees('mean', 10.1, near, 0.01).holds).toBe(false);
  });

  test('cannot be judged when the interval is too wide to prove anything', () => {
    expect(agrees('mean', 10, [8, 12, 9, 11, 10], 0.01).holds).toBeNull();
    expect(agrees('mean', 1000, [8, 12, 9, 11, 10], 0.01).holds).toBe(false);
  });

  test('does not hold for what is no number', () => {
    expect(agrees('mean', 10, [NaN, 10, 10], 0.01).holds).toBe(false);
    expect(agrees('mean', 10, [10], 0.01).holds).toBe(false);
    expect(within('ratio', NaN, [null, null]).holds).toBe(false);
    expect(within('time', Infinity, [0, 5]).holds).toBe(false);
  });
});

test('a figure that no run has measured is an error, not a pass', () => {
  expect(() => column([{ a: 1 }], 'b')).toThrow('no run has measured "b"');
});

const check = (holds: boolean | null) => ({ ...within('x', 1, [0, 2]), holds });

describe('the exit code', () => {
  test('is 1 for a broken promise, 2 for one that could not be judged or none at all', () => {
    expect(exitCode([check(true)])).toBe(0);
    expect(exitCode([check(true), check(null)])).toBe(2);
    expect(exitCode([check(null), check(false)])).toBe(1);
    expect(exitCode([])).toBe(2);
  });
});

test('the table says what does not hold', () => {
  const checks = [within('short', 3, [0, 2]), within('a longer name', 1.234_567, [1, null])];
  const unclear = { ...within('unclear', 1, [0, 2]), holds: null };
  const table = tableOf([...checks, unclear], 'nobody looked');
  expect(table.split('\n')).toEqual([
    '  short          3       0 .. 2  DOES NOT HOLD',
    '  a longer name  1.2346  1 ..    holds',
    '  unclear        1       0 .. 2  could not be judged: nobody looked',
    '',
  ]);
});
