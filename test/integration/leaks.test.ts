import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { AT_ONCE, runFile } from './child.ts';
import type { RouteName } from './programs/leaks.ts';
import type { Left } from './programs/left.ts';

const CALLS = 1_000_000;
/** Bytes that the heap may grow by: a quarter of one for each call, where the least object takes 12. */
const NOISE = 250_000;
/** How many calls must have gone each way for a leak on it to show. */
const MANY = 1000;

/** Ways on which calls must have ended. */
const ENDINGS: Record<RouteName, readonly string[]> = {
  timeout: ['value', 'down', 'aborted', 'ATTEMPT_TIMEOUT'],
  deadline: ['value', 'down', 'aborted', 'DEADLINE_EXCEEDED'],
  retry: ['value', 'value of a retry', 'wrong', 'aborted', 'RETRIES_EXHAUSTED'],
  'retry-budget': ['value', 'value of a retry', 'aborted', 'RETRY_BUDGET_EXHAUSTED'],
  'circuit-breaker': ['value', 'down', 'aborted', 'CIRCUIT_OPEN'],
  bulkhead: ['value', 'down', 'aborted', 'BULKHEAD_FULL'],
  fallback: ['value', 'fallback', 'down', 'wrong', 'aborted'],
  'keyed registry': ['value', 'down', 'aborted', 'CIRCUIT_OPEN', 'ATTEMPT_TIMEOUT'],
  'pipeline of all': ['value', 'value of a retry', 'fallback', 'aborted', 'RETRIES_EXHAUSTED'],
  'dependency with its defaults': [
    'value',
    'value of a retry',
    'aborted',
    'RETRY_BUDGET_EXHAUSTED',
  ],
};

describe('after a million calls of every sort nothing is left of', () => {
  test.each(Object.entries(ENDINGS))(
    'the %s',
    async (name, endings) => {
      const args = [name, String(CALLS)];
      const { code, stdout, stderr, lingered } = await runFile('programs/leaks.ts', args);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { grown, open, listeners, outcomes } = JSON.parse(stdout) as Left;
      expect({ open, listeners }).toEqual({ open: [], listeners: 0 });
      expect(grown).toBeLessThan(NOISE);
      expect(lingered).toBeLessThan(AT_ONCE);
      expect(endings.filter((how) => !(outcomes[how]! > MANY))).toEqual([]);
      // Each has ended once.
      expect(Object.values(outcomes).reduce((sum, count) => sum + count)).toBe(CALLS);
    },
    160_000,
  );
});

test('no policy was forgotten', () => {
  const policies = readdirSync(new URL('../../packages/holdfast/src/policies/', import.meta.url));
  expect(Object.keys(ENDINGS)).toEqual(expect.arrayContaining(policies));
});
