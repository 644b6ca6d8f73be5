import { bulkhead, classify, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test.each([
  ['at once', () => 'body'],
  ['by a promise', async () => 'body'],
])('an answer %s that the classifier choked on is let go', async (_how, operation) => {
  const runtime = testRuntime();
  const dropped: unknown[] = [];
  const broken = classify(
    () => {
      throw new Error('in the classifier');
    },
    (value) => dropped.push(value),
  );
  const call = pipeline(broken, bulkhead({}, runtime), timeout(100, runtime)).call(operation);
  await expect(call).rejects.toThrow('in the classifier');
  expect(dropped).toEqual(['body']);
});
