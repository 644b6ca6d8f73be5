import { bulkhead, circuitBreaker, classify, pending, pipeline } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('refusals of Holdfast’s own are not failures of the dependency', async () => {
  const runtime = testRuntime();
  const breaker = circuitBreaker({ minimumCalls: 2, failureRate: 0.1 }, runtime);
  const whole = pipeline(
    classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    breaker,
    bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime),
  );
  void whole.tryCall(() => pending);
  for (let i = 0; i < 100; i++) {
    expect(await whole.tryCall(() => 1)).toMatchObject({ verdict: 'ignored', attempts: [] });
  }
  expect(breaker.state).toBe('closed');
  expect(breaker.snapshot!()).toMatchObject({ state: 'closed' });
});

test('nor are those of a dependency further in, which an operation passes on', async () => {
  const runtime = testRuntime();
  const none = pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime));
  void none.tryCall(() => pending);
  const breaker = circuitBreaker({ minimumCalls: 2, failureRate: 0.1 }, runtime);
  const outer = pipeline(
    classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    breaker,
  );
  for (let i = 0; i < 100; i++) {
    expect(await outer.tryCall(() => none.call(() => 1))).toMatchObject({ verdict: 'ignored' });
  }
  expect(breaker.state).toBe('closed');
});
