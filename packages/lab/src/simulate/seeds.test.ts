import { seededRandom } from 'holdfast';
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { intervalOf, spreadsOf } from './seeds.ts';
import { simulate } from './simulate.ts';

const halfOf = (count: number): number => {
  const values = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const { half } = intervalOf(values);
  return half! / Math.sqrt(1 / (count - 1));
};

describe('a 95 % confidence interval', () => {
  it("is Student's", () => {
    // R: t.test(c(1, 2, 3, 4, 5))$conf.int is 1.036757 to 4.963243.
    const { mean, half } = intervalOf([1, 2, 3, 4, 5]);
    expect(mean).toBe(3);
    expect(half).toBeCloseTo(1.963243, 3);
    expect(intervalOf([2, 4]).half).toBeCloseTo(12.706, 3);
  });

  it('goes on beyond the table without a step', () => {
    // qt(0.975, 31), qt(0.975, 39) and qt(0.975, 999)
    expect(halfOf(32)).toBeCloseTo(2.0395, 3);
    expect(halfOf(40)).toBeCloseTo(2.0227, 3);
    expect(halfOf(1000)).toBeCloseTo(1.9623, 3);
  });

  it('has the true mean in it about 95 times in a hundred', () => {
    const random = seededRandom(7);
    let inside = 0;
    for (let trial = 0; trial < 2000; trial++) {
      const sums = Array.from({ length: 8 }, () => {
        let sum = 0;
        for (let i = 0; i < 12; i++) sum += random.next();
        return sum;
      });
      const { mean, half } = intervalOf(sums);
      if (Math.abs(mean - 6) <= half!) inside++;
    }
    expect(inside / 2000).toBeGreaterThan(0.935);
    expect(inside / 2000).toBeLessThan(0.965);
  });

  it('is not known of a single run', () => {
    expect(intervalOf([3])).toEqual({ mean: 3, half: null });
  });
});

describe('the spreads of some seeds', () => {
  it('have the mean of every run that had something to measure', () => {
    const fleet = fleetOf({
      name: 'shop',
      services: { web: { failures: 0.1 } },
      users: { shoppers: { to: 'web', rate: 20, patience: '1s' } },
      scenarios: { calm: { duration: '20s', warmUp: '1s', expect: ['p99 <= 1s'] } },
    });
    const seeds = [1, 2, 3];
    const runs = ['naive', 'holdfast'].flatMap((lane) =>
      seeds.map((seed) => simulate(fleet, { scenario: 'calm', lane, seed })),
    );
    const spreads = spreadsOf(runs);
    expect(spreads.map(({ lane }) => lane)).toEqual(['naive', 'holdfast']);
    const [naive] = spreads;
    expect(naive!.seeds).toEqual(seeds);
    const counts = Object.values(naive!.verdicts);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    const goodput = naive!.figures.find(({ name }) => name === 'goodput at shoppers before')!;
    const mean = runs.slice(0, 3).reduce((sum, run) => sum + run.users[0]!.total.goodput!, 0) / 3;
    expect(goodput.mean).toBeCloseTo(mean, 5);
    expect(goodput.runs).toBe(3);
    const slowest = Math.max(...runs.slice(0, 3).map((run) => run.users[0]!.total.p99!));
    expect(naive!.expectations).toMatchObject([{ value: slowest, holds: true }]);
    // Nothing disturbs it, so there is nothing to recover from.
    expect(naive!.figures.some(({ name }) => name.startsWith('recovery'))).toBe(false);
  });
});
