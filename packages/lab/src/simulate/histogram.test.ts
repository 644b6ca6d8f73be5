import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from './histogram.ts';

describe('a histogram', () => {
  it('knows every percentile to within 1 %', () => {
    const values = fc.array(fc.double({ min: 0.002, max: 1e9, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (given, quantile) => {
        const histogram = new Histogram();
        for (const value of given) histogram.add(value);
        const rank = Math.max(1, Math.ceil(quantile * given.length));
        const exact = given.toSorted((a, b) => a - b)[rank - 1]!;
        const told = histogram.percentile(quantile)!;
        expect(Math.abs(told - exact) / exact).toBeLessThanOrEqual(0.0100001);
      }),
    );
  });

  it('knows nothing of nothing, and 0 is 0', () => {
    const histogram = new Histogram();
    expect(histogram.percentile(0.5)).toBeNull();
    histogram.add(0);
    expect(histogram.percentile(0.99)).toBe(0);
  });

  it('holds what it has taken in, until it is cleared', () => {
    const [one, other] = [new Histogram(), new Histogram()];
    for (let i = 0; i < 99; i++) one.add(10);
    other.add(1000);
    one.merge(other);
    expect(one.count).toBe(100);
    expect(one.percentile(0.99)).toBeCloseTo(10, 0);
    expect(one.percentile(1)! / 1000).toBeCloseTo(1, 1);
    one.clear();
    expect(one.percentile(1)).toBeNull();
    expect(other.count).toBe(1);
  });

  it('tells no time that is shorter than the shortest, or longer than the longest', () => {
    const histogram = new Histogram();
    for (const timeout of [300, 1500, 3000]) {
      histogram.clear();
      histogram.add(timeout, 50);
      expect([histogram.percentile(0.01), histogram.percentile(1)]).toEqual([timeout, timeout]);
    }
    const other = new Histogram();
    other.add(1000, 50);
    histogram.merge(other);
    expect([histogram.percentile(0.01), histogram.percentile(1)]).toEqual([1000, 3000]);
  });

  it('takes what is out of its range for the nearest that it knows', () => {
    const histogram = new Histogram();
    histogram.add(1e15);
    expect(histogram.percentile(1)).toBeGreaterThan(1.3e9);
  });
});
