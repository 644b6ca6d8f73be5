import { getEventListeners } from 'node:events';
import { bulkhead, classify, deadline, pipeline, retry, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('ten thousand calls leave no listener on their signal, nor does a warning tell of too many', async () => {
  const runtime = testRuntime();
  const { signal } = new AbortController();
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const whole = pipeline(
    classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    deadline(1000, runtime),
    retry({ backoff: { base: 0 } }, runtime),
    bulkhead({ maxQueue: 10_000 }, runtime),
    timeout(100, runtime),
  );
  const calls = Array.from({ length: 10_000 }, (_, i) =>
    whole.tryCall(async () => i, { signal, idempotent: true }),
  );
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  const settled = Promise.all(calls);
  await runtime.clock.advanceAsync(0);
  while (runtime.clock.nextDue() === runtime.clock.now()) await runtime.clock.advanceAsync(0);
  await settled;
  await runtime.clock.advanceAsync(0);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  process.off('warning', listen);
  expect(warnings).toEqual([]);
});
