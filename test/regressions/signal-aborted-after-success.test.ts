import { deadline, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('what an answer still streams is not aborted by the limits of its call, nor by its caller', async () => {
  const runtime = testRuntime();
  const abort = new AbortController();
  const limited = pipeline(deadline(1000, runtime), timeout(100, runtime));
  const signal = await limited.call((attempt) => attempt.signal, { signal: abort.signal });
  runtime.clock.advance(10_000);
  abort.abort();
  expect(signal.aborted).toBe(false);
});
