import { expect, test } from 'vitest';
import { meanOf } from './mean.ts';

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
