import { describe, expect, test } from 'vitest';
import { fleetOf, SpecError } from './fleet.ts';

function wrong(spec: unknown): readonly string[] {
  try {
    fleetOf(spec);
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

const small = { services: { web: { calls: [{ to: 'db' }] }, db: {} } };

describe('a key that has no effect beside the others', () => {
  test.each<[string, object]>([
    [
      "policies.p.breaker.consecutiveFailures has no effect with kind 'time': it is for kind 'consecutive'",
      { ...small, policies: { p: { breaker: { consecutiveFailures: 3 } } } },
    ],
    [
      "lanes.l.retry.budget.capacity has no effect with kind 'window'",
      { ...small, lanes: { l: { retry: { budget: { capacity: 3 } } } } },
    ],
  ])('is wrong: %s', (message, spec) => {
    expect(wrong(spec)).toEqual([expect.stringContaining(message)]);
  });
});
