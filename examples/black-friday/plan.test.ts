import { describe, expect, test } from 'vitest';
import { circuitBreakerOptions, dependency, retryBudgetOptions, retryOptions } from 'holdfast';
import { defaultDurations, faster } from './faster.ts';
import { arrivalsOf, lengthOf, limits, phaseAt, planOf, RATE, startOf } from './plan.ts';

describe('the plan', () => {
  const life = planOf(1, 1);
  const quick = planOf(1, 10);

  test('is scaled by one factor, schedule and limits alike', () => {
    expect(lengthOf(quick)).toBe(lengthOf(life) / 10);
    expect(startOf(quick, 'back')).toBe(startOf(life, 'back') / 10);
    expect(limits(quick)).toEqual({ attempt: 500, call: 2000 });
  });

  test('ends within 25 s of the first request when it is quick, the last answers included', () => {
    expect(lengthOf(quick) + limits(quick).call).toBeLessThan(25_000);
  });

  test('has a phase for every time', () => {
    const names = [-1, 0, 2999, 3000, 5000, 5999, 6000, 12_000, 99_999].map(
      (time) => quick.phases[phaseAt(quick, time)]!.name,
    );
    expect(names).toEqual([
      'healthy',
      'healthy',
      'healthy',
      'slow',
      'down',
      'down',
      'back',
      'after',
      'after',
    ]);
  });

  test('sends the same shoppers for the same seed, and others for another', () => {
    expect(arrivalsOf(planOf(1, 10))).toEqual(arrivalsOf(quick));
    expect(arrivalsOf(planOf(2, 10))).not.toEqual(arrivalsOf(quick));
  });

  test('sends as many as it says, in order, irregularly', () => {
    const arrivals = arrivalsOf(life);
    const gaps = arrivals.slice(1).map((at, i) => at - arrivals[i]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(
      gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length,
    );
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    expect(1000 / mean / RATE).toBeCloseTo(1, 1);
    expect(deviation / mean).toBeCloseTo(1, 1); // as a Poisson process has it
    expect(arrivals.at(-1)).toBeLessThan(lengthOf(life));
  });
});

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** The default durations in a table of options, in milliseconds. */
function durationsIn(table: object): Record<string, number> {
  const descriptors = Object.entries(table as Record<string, { kind: string; default: unknown }>);
  const durations = descriptors.filter(([, { kind }]) => kind === 'duration');
  return Object.fromEntries(
    durations.map(([name, { default: text }]) => {
      const [, number, unit] = /^([\d.]+)(\w+)$/.exec(String(text))!;
      return [name, Number(number) * UNITS[unit!]!];
    }),
  );
}

function numbersIn(options: object): number[] {
  return Object.values(options).flatMap((value: number | object) =>
    typeof value === 'object' ? numbersIn(value) : value,
  );
}

describe('the policy of the quick run', () => {
  test('overrides nothing when nothing is sped up', () => expect(faster(1)).toEqual({}));

  test('starts from the defaults, each of them', () => {
    const { breaker, retry } = defaultDurations(1) as {
      breaker: object;
      retry: { maxRetryAfter: number; budget: object };
    };
    expect(breaker).toEqual(durationsIn(circuitBreakerOptions));
    expect(retry.budget).toEqual(durationsIn(retryBudgetOptions));
    expect(retry.maxRetryAfter).toBe(durationsIn(retryOptions)['maxRetryAfter']);
    const plain = dependency('payments', { protocol: 'http' });
    const spelt = dependency('payments', { ...defaultDurations(1), protocol: 'http' });
    expect(spelt.explain()).toBe(plain.explain());
  });

  test('divides them all', () => {
    expect(numbersIn(faster(10))).toEqual(numbersIn(defaultDurations(1)).map((time) => time / 10));
  });
});
