import { classify, pipeline, retry } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('an abort ends a backoff at once, and no attempt follows', async () => {
  const runtime = testRuntime();
  const abort = new AbortController();
  let attempts = 0;
  const call = pipeline(
    classify(() => 'transient'),
    retry({ backoff: { base: '1m', max: '1h' } }, runtime),
  ).tryCall(() => attempts++, { idempotent: true, signal: abort.signal });
  abort.abort('gone');
  expect((await call).error).toBe('gone');
  runtime.clock.advance(10_000_000);
  expect(attempts).toBe(1);
  expect(runtime.clock.armed).toBe(0);
});
