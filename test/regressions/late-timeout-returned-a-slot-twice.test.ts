import { bulkhead, classify, pipeline, retry, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a timeout that fires while its operation runs does not cut a later attempt', async () => {
  const runtime = testRuntime();
  const slots = bulkhead({}, runtime);
  const call = pipeline(
    classify((outcome) => (outcome.ok ? 'success' : 'transient')),
    retry({ backoff: { base: 10 } }, runtime),
    slots,
    timeout(100, runtime),
  ).tryCall(
    ({ number }) => {
      if (number > 1) return 'fine';
      runtime.clock.advance(200);
      throw new Error('slow, and then down');
    },
    { idempotent: true },
  );
  runtime.clock.advance(1000);
  expect(await call).toMatchObject({ ok: true, value: 'fine' });
  expect(slots.inFlight).toBe(0);
});
