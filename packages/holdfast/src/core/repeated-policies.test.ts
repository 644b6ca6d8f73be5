import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';

const {
  bulkhead,
  circuitBreaker,
  classify,
  custom,
  fallback,
  pipeline,
  retry,
  retryBudget,
  timeout,
} = withRuntime(testRuntime());
const narrow = { maxConcurrent: 1, maxQueue: 0 };
const judging = classify<unknown>(({ ok }) => (ok ? 'success' : 'transient'));

describe('the same policy twice in one pipeline', () => {
  test.each([
    ['bulkhead', bulkhead(), 'a call would wait for a slot while it holds one'],
    ['circuit-breaker', circuitBreaker(), 'it would count each attempt twice'],
    ['retry-budget', retryBudget(), 'it would count each attempt twice'],
  ])('is refused if it counts calls: a %s', (kind, policy, consequence) => {
    const message = `pipeline: the same ${kind} is in it twice, and ${consequence}; make one for each place`;
    expect(() => pipeline(policy, policy)).toThrow(new TypeError(message));
    expect(() => pipeline(timeout(), policy, judging, retry(), policy)).toThrow(message);
  });

  test('is fine if it counts nothing, and so are two policies of one kind', async () => {
    const [limit, again, instead] = [timeout('1s'), retry(), fallback({ value: 'instead' })];
    let seen = 0;
    const own = custom('seen', (next) => {
      seen++;
      return next();
    });
    const twice = [own, instead, limit, again, own, instead, limit, again];
    const calls = pipeline(judging, ...twice, bulkhead(narrow), bulkhead(narrow));
    expect(await calls.call(() => 'answer')).toBe('answer');
    expect(seen).toBe(2);
  });

  test('may be in two pipelines, where a call through one makes a call through the other', async () => {
    const shared = bulkhead({ maxConcurrent: 2 });
    const inner = pipeline(shared);
    expect(await pipeline(shared).call(() => inner.call(() => 'both'))).toBe('both');
  });
});
