import { expect, test } from 'vitest';
import { meanOf, redoneOf, varianceOf } from './mean.ts';

test('the mean of every kind of distribution', () => {
  const short = { kind: 'constant', value: 5 } as const;
  expect(meanOf({ kind: 'empirical', values: [5, 10, 15] })).toBe(10);
  expect(meanOf({ kind: 'loaded', time: short, slope: 2 })).toBe(5);
  expect(meanOf({ kind: 'loaded', time: short, slope: 2 }, 4)).toBe(35);
  expect(meanOf({ kind: 'hyperexponential', mean: 7, cv: 2 })).toBe(7);
  const of = [
    { weight: 9, time: short },
    { weight: 1, time: { kind: 'constant', value: 105 } as const },
  ];
  expect(meanOf({ kind: 'mixture', of })).toBe(15);
});

test('the variance of every kind of distribution', () => {
  const short = { kind: 'constant', value: 5 } as const;
  expect(varianceOf(short)).toBe(0);
  expect(varianceOf({ kind: 'exponential', mean: 3 })).toBe(9);
  expect(varianceOf({ kind: 'erlang', mean: 6, stages: 4 })).toBe(9);
  expect(varianceOf({ kind: 'lognormal', mean: 4, cv: 0.5 })).toBe(4);
  expect(varianceOf({ kind: 'hyperexponential', mean: 2, cv: 3 })).toBe(36);
  expect(varianceOf({ kind: 'empirical', values: [5, 10, 15] })).toBeCloseTo(50 / 3, 9);
  expect(varianceOf({ kind: 'loaded', time: { kind: 'exponential', mean: 3 }, slope: 2 }, 2)).toBe(
    81,
  );
  const of = [
    { weight: 9, time: short },
    { weight: 1, time: { kind: 'exponential', mean: 105 } as const },
  ];
  // Of the mean, 15, the one is 10 away, the other 90.
  expect(varianceOf({ kind: 'mixture', of })).toBeCloseTo(0.9 * 100 + 0.1 * (8100 + 105 ** 2), 9);
});

test('what each that is done costs at least, where slow ones are given up and begun anew', () => {
  const short = { kind: 'constant', value: 5 } as const;
  expect(redoneOf(short)).toBe(5);
  expect(redoneOf({ kind: 'exponential', mean: 3 })).toBe(3);
  expect(redoneOf({ kind: 'erlang', mean: 6, stages: 4 })).toBe(6);
  expect(redoneOf({ kind: 'lognormal', mean: 4, cv: 1 })).toBe(2);
  expect(redoneOf({ kind: 'hyperexponential', mean: 4, cv: 2 })).toBe(2.5);
  expect(redoneOf({ kind: 'empirical', values: [5, 10, 10] })).toBeCloseTo(7.5, 9);
  expect(redoneOf({ kind: 'empirical', values: [0, 10] })).toBe(0);
  expect(redoneOf({ kind: 'loaded', time: short, slope: 2 }, 4)).toBe(35);
  const never = { weight: 0, time: { kind: 'constant', value: 1 } as const };
  const of = [{ weight: 1, time: short }, { weight: 9, time: { ...short, value: 7 } }, never];
  expect(redoneOf({ kind: 'mixture', of })).toBe(5);
});
