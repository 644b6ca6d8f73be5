import { describe, expect, test } from 'vitest';
import {
  bonferroni,
  estimate,
  mean,
  quantileOf,
  standardDeviation,
  studentQuantile,
} from './stats.ts';

describe("Student's quantiles", () => {
  // Printed tables, three digits.
  test.each([
    [0.975, 1, 12.706],
    [0.95, 2, 2.92],
    [0.975, 19, 2.093],
    [0.995, 19, 2.861],
    [0.9995, 19, 3.883],
    [0.995, 5, 4.032],
    [0.975, 120, 1.98],
  ])('p = %d with %d degrees of freedom is %d, as printed', (p, freedom, printed) => {
    expect(studentQuantile(p, freedom)).toBeCloseTo(printed, 3);
  });

  test('one degree of freedom is Cauchy, far out too', () => {
    for (const p of [0.6, 0.9, 0.999, 0.9999]) {
      expect(studentQuantile(p, 1) / Math.tan(Math.PI * (p - 0.5))).toBeCloseTo(1, 9);
    }
  });

  test('many are the normal distribution', () => {
    expect(studentQuantile(0.995, 1e6)).toBeCloseTo(2.575_83, 3);
  });

  test('are symmetric', () => {
    expect(studentQuantile(0.01, 19)).toBeCloseTo(-studentQuantile(0.99, 19), 12);
    expect(studentQuantile(0.5, 19)).toBeCloseTo(0, 9);
  });
});

describe('an estimate', () => {
  test('has the mean, and the interval of a textbook', () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(values)).toBe(5);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 12);
    const { halfWidth } = estimate(values, 0.05);
    expect(halfWidth).toBeCloseTo((2.3646 * Math.sqrt(32 / 7)) / Math.sqrt(8), 3);
  });

  test('is wider the more checks share one doubt', () => {
    const values = [1, 2, 3];
    const alone = estimate(values, bonferroni(0.01, 1)).halfWidth;
    expect(estimate(values, bonferroni(0.01, 30)).halfWidth).toBeGreaterThan(5 * alone);
  });

  test('of a single replication has no width to trust', () => {
    expect(estimate([1], 0.01).halfWidth).toBeNaN();
  });
});

test('a quantile lies between its neighbours', () => {
  expect(quantileOf([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantileOf([1, 2, 3, 4], 1)).toBe(4);
  expect(quantileOf([], 0.5)).toBeNaN();
});
