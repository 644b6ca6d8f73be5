import { bulkhead, classify, pending, pipeline, retry, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('a call that is aborted by the listener of its own timeout ends, once, with its slot back', () => {
  const runtime = testRuntime();
  const abort = new AbortController();
  const slots = bulkhead({}, runtime);
  const ended: unknown[] = [];
  const verdict = classify((outcome) => (outcome.ok ? 'success' : 'transient'));
  pipeline(verdict, retry({}, runtime), slots, timeout(100, runtime)).start(
    ({ signal }) => {
      signal.addEventListener('abort', () => abort.abort('linked'));
      return pending;
    },
    ({ error }) => ended.push(error),
    { signal: abort.signal, idempotent: true },
  );
  runtime.clock.advance(10_000);
  expect(ended).toEqual(['linked']);
  expect([slots.inFlight, runtime.clock.armed]).toEqual([0, 0]);
});
