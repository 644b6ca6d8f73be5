import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linearScale, logScale, timeTicks } from './scale.ts';

it('ends a linear axis at a round number above the highest value', () => {
  expect(linearScale(93).ticks).toEqual([0, 25, 50, 75, 100]);
  expect(linearScale(0.3).ticks).toEqual([0, 0.1, 0.2, 0.3]);
  expect(linearScale(0).ticks).toEqual([0, 0.25, 0.5, 0.75, 1]);
});

it('has a place from 0 to 1 for every value up to the highest, in their order', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (max) => {
      const { place, ticks } = linearScale(max);
      expect(ticks.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-9));
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(place(0)).toBe(0);
      expect(place(max / 2)).toBeLessThan(place(max));
      expect(place(max)).toBeLessThanOrEqual(1);
    }),
  );
});

it('gives each power of ten the same room on a logarithmic axis', () => {
  const { place, ticks } = logScale(12, 4800);
  expect(ticks).toEqual([10, 100, 1000, 10_000]);
  expect(place(100) - place(10)).toBeCloseTo(place(10_000) - place(1000));
  expect(place(0)).toBe(0);
  expect(logScale(2, 9).ticks).toEqual([1, 2, 5, 10]);
});

it('marks time at round moments', () => {
  expect(timeTicks(120_000)).toEqual([0, 20_000, 40_000, 60_000, 80_000, 100_000, 120_000]);
  const hour = 3_600_000;
  expect(timeTicks(24 * hour)).toEqual([0, 6 * hour, 12 * hour, 18 * hour, 24 * hour]);
  expect(timeTicks(48 * hour)).toEqual([0, 12 * hour, 24 * hour, 36 * hour, 48 * hour]);
  expect(timeTicks(240 * hour)).toEqual([
    0,
    48 * hour,
    96 * hour,
    144 * hour,
    192 * hour,
    240 * hour,
  ]);
  expect(timeTicks(300)).toEqual([0, 50, 100, 150, 200, 250, 300]);
});
