import { describe, expect, test } from 'vitest';
import { fitted } from '../client/fitted.ts';
import { circuitBreaker, dependency, pipeline, retry, retryBudget } from '../index.ts';
import { asToldTo } from '../../test/circuits.ts';

/** What only other kinds look at, by where it is, and what is said of it. */
const idle: readonly (readonly [part: string, options: object, message: string])[] = [
  [
    'breaker',
    { consecutiveFailures: 3, failureRate: 0.2 },
    ".consecutiveFailures has no effect with kind 'time': it is for kind 'consecutive'",
  ],
  [
    'breaker',
    { kind: 'time', windowCalls: 50 },
    ".windowCalls has no effect with kind 'time': it is for kind 'count'",
  ],
  [
    'breaker',
    { kind: 'count', window: '10s' },
    ".window has no effect with kind 'count': it is for kind 'time'",
  ],
  [
    'breaker',
    { kind: 'consecutive', failureRate: 0.2 },
    ".failureRate has no effect with kind 'consecutive': it is for kind 'time' or 'count'",
  ],
  ['breaker', { kind: 'consecutive', slowCallRate: 0 }, '.slowCallRate has no effect with kind'],
  ['breaker', { kind: 'consecutive', minimumCalls: 5 }, '.minimumCalls has no effect with kind'],
  ['breaker', { kind: 'consecutive', rampMinimumCalls: 5 }, '.rampMinimumCalls has no effect'],
  ['budget', { capacity: 5 }, ".capacity has no effect with kind 'window': it is for kind"],
  [
    'budget',
    { kind: 'token-bucket', window: '5s' },
    ".window has no effect with kind 'token-bucket': it is for kind 'window'",
  ],
  ['backoff', { kind: 'linear', factor: 3 }, ".factor has no effect with kind 'linear'"],
  [
    'backoff',
    { kind: 'custom', custom: () => 1, base: 5 },
    ".base has no effect with kind 'custom': it is for kind 'exponential' or 'linear' or 'constant'",
  ],
  ['backoff', { jitter: 'decorrelated', factor: 3 }, '.factor has no effect with jitter'],
];

/** The same in `dependency()`, and alone. */
const WITHIN = {
  breaker: (options: object) => ({ breaker: options }),
  budget: (options: object) => ({ retry: { budget: options } }),
  backoff: (options: object) => ({ retry: { backoff: options } }),
};
const ALONE = {
  breaker: (options: object) => circuitBreaker(options),
  budget: (options: object) => retryBudget(options),
  backoff: (options: object) => retry({ backoff: options }),
};
type Part = keyof typeof WITHIN;

describe('an option of another kind', () => {
  test.each(idle)('is refused: %s %j', (part, options, message) => {
    const whole = { ...WITHIN[part as Part](options), classify: () => 'success' as const };
    expect(() => dependency('stock', whole)).toThrow(TypeError);
    expect(() => dependency('stock', whole)).toThrow(message);
    expect(() => ALONE[part as Part](options)).toThrow(message);
  });

  test('is accepted when it is undefined, or when a preset brings it', () => {
    const breaker = { kind: 'consecutive', window: undefined } as const;
    expect(() => circuitBreaker(breaker)).not.toThrow();
    expect(() =>
      dependency('stock', { preset: 'realtime', protocol: 'http', breaker }),
    ).not.toThrow();
  });

  test('is accepted with a kind that looks at it', () => {
    const breaker = circuitBreaker({ kind: 'consecutive', slowCallDuration: '1s' });
    const backoff = { kind: 'linear', jitter: 'decorrelated' } as const;
    expect(() =>
      pipeline(
        asToldTo,
        retry({ backoff }),
        retryBudget({ kind: 'token-bucket', capacity: 3 }),
        breaker,
      ),
    ).not.toThrow();
  });
});

describe('options that are fitted', () => {
  test.each(idle.filter(([, options]) => !('custom' in options)))(
    'are taken: %s %j',
    (part, options) => {
      const whole = fitted(WITHIN[part as Part](options));
      expect(() => dependency('s', { ...whole, classify: () => 'success' })).not.toThrow();
    },
  );

  test('are as they were where all have an effect', () => {
    const options = {
      timeout: '1s',
      retry: { maxAttempts: 2, budget: false, backoff: { kind: 'constant', base: 0 } },
      breaker: { kind: 'count', windowCalls: 10, failureRate: 0.5 },
    };
    expect(fitted(options)).toEqual(options);
    expect(fitted({ retry: true, breaker: false })).toEqual({ retry: true, breaker: false });
  });
});
