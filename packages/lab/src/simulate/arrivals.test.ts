import { seededRandom } from 'holdfast';
import { describe, expect, test } from 'vitest';
import type { RatePiece } from '../spec/model.ts';
import { openArrivals } from './arrivals.ts';

type Process = 'poisson' | 'constant';

function all(process: Process, rate: readonly RatePiece[], end: number, limit = 1e6): number[] {
  const next = openArrivals({ kind: 'open', process, rate }, seededRandom('arrivals'), end);
  const moments: number[] = [];
  for (let at = next(); at < Infinity && moments.length < limit; at = next()) moments.push(at);
  return moments;
}

const flat = (rate: number, at = 0): RatePiece => ({ at, rate, until: rate });
const between = (moments: number[], from: number, to: number) =>
  moments.filter((at) => at >= from && at < to).length;

describe('open arrivals', () => {
  test('of a constant process come at equal distances, to the end', () => {
    expect(all('constant', [flat(100)], 50)).toEqual([10, 20, 30, 40, 50]);
  });

  test('keep what is left of a distance when the rate changes', () => {
    const moments = all('constant', [flat(100), flat(10, 35)], 400);
    // Half a distance is left at 35 ms, which then takes 50.
    expect(moments.map((at) => Math.round(at * 1e6) / 1e6)).toEqual([
      10, 20, 30, 85, 185, 285, 385,
    ]);
  });

  test('on a ramp are as many as the area under it', () => {
    const moments = all('constant', [{ at: 0, rate: 0, until: 100 }], 10_000);
    expect(moments.length).toBe(500);
    expect(between(moments, 0, 2499)).toBe(31);
    expect(moments[124]).toBeCloseTo(5000, 6);
  });

  test('end where a ramp ends at nothing', () => {
    const moments = all('constant', [{ at: 0, rate: 100, until: 0 }], 10_000);
    expect([499, 500]).toContain(moments.length);
    expect(Math.max(...moments)).toBeLessThanOrEqual(10_000);
  });

  test('of a Poisson process have gaps of its mean and variation', () => {
    const moments = all('poisson', [flat(1000)], 200_000);
    const gaps = moments.map((at, i) => at - (moments[i - 1] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(Math.sqrt(variance) / mean - 1)).toBeLessThan(0.01);
  });

  test('of a Poisson process follow a ramp', () => {
    const moments = all('poisson', [{ at: 0, rate: 0, until: 2000 }], 100_000);
    // 1 : 3 : 5 : 7 of 100 000, give or take four standard deviations.
    for (const [quarter, share] of [1, 3, 5, 7].entries()) {
      const expected = (share / 16) * 100_000;
      const found = between(moments, quarter * 25_000, (quarter + 1) * 25_000);
      expect(Math.abs(found - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  test('rest while the rate is 0, and begin with the first piece', () => {
    const pieces = [flat(100, 1000), flat(0, 2000), flat(100, 3000)];
    const moments = all('constant', pieces, 4000);
    expect(Math.min(...moments)).toBe(1010);
    expect([moments.length, between(moments, 2001, 2999)]).toEqual([200, 0]);
    expect(all('poisson', [flat(0)], 1000)).toEqual([]);
  });

  test('spike and are over it', () => {
    const moments = all('constant', [flat(10), flat(500, 2000), flat(10, 3000)], 5000);
    const seconds = [0, 1, 2, 3, 4].map((at) => between(moments, at * 1000 + 1, at * 1000 + 1001));
    expect(seconds).toEqual([10, 10, 500, 10, 10]);
  });

  test('are none in a piece that has no length', () => {
    const pieces = [flat(100), { at: 50, rate: 5, until: 500 }];
    expect(all('constant', pieces, 50, 100)).toHaveLength(5);
    expect(all('constant', [], 50)).toEqual([]);
  });
});
