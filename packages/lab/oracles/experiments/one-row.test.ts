import { seededRandom } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { networkDelay, STRATEGIES, updateOneRow } from './one-row.ts';

const uniform = (seed: number) => {
  const random = seededRandom(seed);
  return () => random.next();
};

describe('the straight-line row', () => {
  test('needs one write and four messages for one client', () => {
    // cos(2π·0.25) = 0: every message takes the mean.
    for (const strategy of STRATEGIES) {
      const { calls, time } = updateOneRow(1, strategy, () => 0.25);
      expect(calls).toBe(1);
      expect(time).toBeCloseTo(40, 9);
    }
  });

  test('needs a write for every client, and one more for every one that lost', () => {
    for (const strategy of STRATEGIES) {
      const { calls } = updateOneRow(10, strategy, uniform(1));
      expect(calls).toBeGreaterThan(10);
      expect(calls).toBeLessThan(100);
    }
  });

  test('has the published network: mean 10 ms, deviation 2 ms', () => {
    const next = uniform(2);
    const delays = Array.from({ length: 20_000 }, () => networkDelay(next));
    const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
    const variance = delays.reduce((sum, delay) => sum + (delay - mean) ** 2, 0) / delays.length;
    expect(mean).toBeCloseTo(10, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(2, 1);
  });
});
