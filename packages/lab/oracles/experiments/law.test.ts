import { describe, expect, test } from 'vitest';
import { agrees, column } from './law.ts';

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
  });
});

test('a figure that no run has measured is an error, not a pass', () => {
  expect(() => column([{ a: 1 }], 'b')).toThrow('no run has measured "b"');
});
