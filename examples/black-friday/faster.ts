import type { DependencyOptions } from 'holdfast';

/**
 * Every default duration of an HTTP dependency, so many times shorter. In life nothing is
 * overridden: the defaults are as they are.
 */
export function faster(speedup: number): DependencyOptions {
  return speedup === 1 ? {} : defaultDurations(speedup);
}

/** The defaults, spelt out; a test holds them against Holdfast's own. */
export function defaultDurations(speedup: number): DependencyOptions {
  const seconds = (time: number): number => (time * 1000) / speedup;
  return {
    timeout: seconds(5),
    deadline: seconds(20),
    retry: {
      backoff: { base: seconds(0.1), max: seconds(5) },
      budget: { window: seconds(10) },
      maxRetryAfter: seconds(60),
    },
    breaker: {
      window: seconds(30),
      slowCallDuration: seconds(2.5),
      cooldown: seconds(30),
      maxCooldown: seconds(300),
      probeLease: seconds(6),
      rampDuration: seconds(10),
    },
  };
}
