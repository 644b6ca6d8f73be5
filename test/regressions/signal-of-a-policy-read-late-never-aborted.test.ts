import { custom, deadline, pipeline } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { expect, test } from 'vitest';

test('the signal of a policy of one’s own has aborted, however late it is read', async () => {
  const runtime = testRuntime();
  let reason: unknown;
  const own = custom(
    'own',
    async (next, context) => {
      try {
        return await next();
      } finally {
        reason = context.signal.reason;
      }
    },
    runtime,
  );
  const call = pipeline(deadline(100, runtime), own).tryCall(() => new Promise(() => {}));
  await runtime.clock.advanceAsync(100);
  const { error } = await call;
  expect(error).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(reason).toBe(error);
});
