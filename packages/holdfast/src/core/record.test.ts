import { expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { testRuntime } from '../testing/index.ts';

test('of many attempts, the records are those of the first and the last 99', async () => {
  const runtime = testRuntime();
  const { classify, pipeline, retry } = withRuntime(runtime);
  const many = pipeline(
    classify(() => 'transient'),
    retry({ maxAttempts: 250, backoff: { base: 0 } }),
  );
  const promise = many.tryCall(() => 'no', { idempotent: true });
  runtime.clock.advance(0);
  const { attempts } = await promise;
  expect(attempts).toHaveLength(100);
  expect(attempts[0]!.attempt).toBe(1);
  expect(attempts[1]!.attempt).toBe(152);
  expect(attempts.at(-1)!.attempt).toBe(250);
});
