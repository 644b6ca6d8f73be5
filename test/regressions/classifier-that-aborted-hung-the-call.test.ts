import { bulkhead, classify, pipeline, retry } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a call that its classifier aborts ends with the caller’s reason', async () => {
  const runtime = testRuntime();
  const abort = new AbortController();
  const slots = bulkhead({}, runtime);
  const givesUp = classify(() => {
    abort.abort('seen enough');
    return 'transient';
  });
  const call = pipeline(givesUp, retry({}, runtime), slots).tryCall(async () => 1, {
    idempotent: true,
    signal: abort.signal,
  });
  expect((await call).error).toBe('seen enough');
  expect(slots.inFlight).toBe(0);
});
