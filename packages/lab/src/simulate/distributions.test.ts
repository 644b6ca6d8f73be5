import { type Random, seededRandom } from 'holdfast';
import { describe, expect, test } from 'vitest';
import { medianOf } from '../spec/mean.ts';
import type { Distribution } from '../spec/model.ts';
import { residualOf, samplerOf } from './distributions.ts';

const COUNT = 200_000;

function draw(distribution: Distribution, from: typeof samplerOf): number[] {
  const sample = from(distribution, seededRandom('moments'));
  return Array.from({ length: COUNT }, () => sample(1));
}

function moments(distribution: Distribution) {
  const drawn = draw(distribution, samplerOf);
  const mean = drawn.reduce((sum, value) => sum + value, 0) / COUNT;
  const squares = drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / COUNT;
  return { mean, cv: Math.sqrt(squares) / mean, least: Math.min(...drawn.slice(0, 50_000)) };
}

/** Randomness that gives one number again and again. */
const always = (value: number): Random => ({ next: () => value, fork: () => always(value) });

const ALMOST_ONE = (2 ** 32 - 1) / 2 ** 32;

describe('times drawn from a distribution', () => {
  // Tolerances are 4 standard errors, or more: cv / sqrt(200 000) is 0.2 % for a cv of 1.
  const kinds: [string, Distribution, number, number, number][] = [
    ['exponential', { kind: 'exponential', mean: 20 }, 20, 1, 0.01],
    ['erlang', { kind: 'erlang', mean: 20, stages: 4 }, 20, 0.5, 0.006],
    ['lognormal', { kind: 'lognormal', mean: 20, cv: 1.5 }, 20, 1.5, 0.04],
    ['hyperexponential', { kind: 'hyperexponential', mean: 20, cv: 2 }, 20, 2, 0.03],
    ['empirical', { kind: 'empirical', values: [5, 5, 20] }, 10, Math.sqrt(0.5), 0.01],
    [
      'mixture',
      {
        kind: 'mixture',
        of: [
          { weight: 9, time: { kind: 'constant', value: 10 } },
          { weight: 1, time: { kind: 'constant', value: 110 } },
        ],
      },
      20,
      1.5,
      0.02,
    ],
  ];

  test.each(kinds)(
    '%s: have the mean and the variation asked for',
    (_, spec, mean, cv, tolerance) => {
      const found = moments(spec);
      expect(Math.abs(found.mean / mean - 1)).toBeLessThan(tolerance);
      expect(Math.abs(found.cv / cv - 1)).toBeLessThan(tolerance);
      expect(found.least).toBeGreaterThanOrEqual(0);
    },
  );

  test.each(kinds)('%s: half of them are at most the median, or a little fewer', (_, spec) => {
    const median = medianOf(spec);
    const atMost = draw(spec, samplerOf).filter((value) => value <= median).length / COUNT;
    const isOfSteps = spec.kind === 'empirical' || spec.kind === 'mixture';
    expect(atMost).toBeGreaterThan(0.4);
    expect(atMost).toBeLessThan(isOfSteps ? 1 : 0.505);
  });

  test.each<(typeof kinds)[number]>([
    ...kinds,
    ['constant', { kind: 'constant', value: 20 }, 20, 0, 0.004],
    ['loaded', { kind: 'loaded', time: { kind: 'exponential', mean: 20 }, slope: 1 }, 20, 1, 0.01],
  ])('%s: what is left of them is as renewal theory has it', (_, spec, mean, cv, tolerance) => {
    const left = draw(spec, residualOf);
    const found = left.reduce((sum, value) => sum + value, 0) / COUNT;
    expect(Math.abs(found / ((mean * (1 + cv * cv)) / 2) - 1)).toBeLessThan(2 * tolerance);
    // Of many that go on one after another, one ends in each hundredth of the mean time as in any other.
    const first = left.filter((value) => value < mean / 100).length / COUNT;
    expect(Math.abs(first - 0.01)).toBeLessThan(0.001);
  });

  test('half of an exponential’s are below its median', () => {
    const sample = samplerOf({ kind: 'exponential', mean: 1 }, seededRandom(3));
    const below = Array.from({ length: COUNT }, () => sample(1)).filter((t) => t < Math.LN2);
    expect(Math.abs(below.length / COUNT - 0.5)).toBeLessThan(0.005);
  });

  test('constant: are that, and need no randomness', () => {
    expect(samplerOf({ kind: 'constant', value: 7 }, always(NaN))(3)).toBe(7);
  });

  test('lognormal without variation, hyperexponential with that of an exponential', () => {
    const exact = samplerOf({ kind: 'lognormal', mean: 20, cv: 0 }, seededRandom(1));
    expect(exact(1)).toBeCloseTo(20, 10);
    const { mean, cv } = moments({ kind: 'hyperexponential', mean: 20, cv: 1 });
    expect([mean / 20, cv].map((one) => Math.abs(one - 1) < 0.01)).toEqual([true, true]);
  });

  test('loaded: grow with the requests that are worked on at once', () => {
    const spec: Distribution = {
      kind: 'loaded',
      time: { kind: 'constant', value: 20 },
      slope: 0.1,
    };
    const sample = samplerOf(spec, always(0));
    expect([sample(1), sample(2), sample(11)]).toEqual([20, 22, 40]);
  });

  test.each<Distribution>([
    { kind: 'exponential', mean: 20 },
    { kind: 'erlang', mean: 20, stages: 3 },
    { kind: 'lognormal', mean: 20, cv: 1 },
    { kind: 'hyperexponential', mean: 20, cv: 3 },
    { kind: 'empirical', values: [1, 2, 3] },
    { kind: 'mixture', of: [0.1, 0.2, 0.7].map((weight) => ({ weight, time: fixed(1) })) },
  ])('$kind: are finite and not negative at both ends of randomness', (spec) => {
    for (const end of [0, ALMOST_ONE]) {
      for (const from of [samplerOf, residualOf]) {
        const time = from(spec, always(end))(1);
        expect(Number.isFinite(time) && time >= 0).toBe(true);
      }
    }
  });
});

function fixed(value: number): Distribution {
  return { kind: 'constant', value };
}
