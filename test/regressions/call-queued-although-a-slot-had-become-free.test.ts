import { bulkhead, pending, pipeline } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

const nothing = (): void => {};

test('a call runs if the listener of another one’s refusal has freed a slot', () => {
  const runtime = testRuntime();
  const batch = new AbortController();
  const abortsBatch = { ...runtime, sink: () => batch.abort('overloaded') };
  const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, abortsBatch);
  const calls = pipeline(slots);
  const { signal } = batch;
  calls.start(() => pending, nothing, { signal });
  calls.start(() => pending, nothing, { criticality: 'sheddable', signal });
  let ran = 0;
  calls.start(() => ran++, nothing);
  expect([ran, slots.inFlight, slots.queued]).toEqual([1, 0, 0]);
});
