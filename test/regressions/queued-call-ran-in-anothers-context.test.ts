import { AsyncLocalStorage } from 'node:async_hooks';
import { type Attempt, bulkhead, pending, pipeline } from 'holdfast';
import { expect, test } from 'vitest';

test('a queued call runs in its own caller’s async context, whoever frees the slot', async () => {
  const tenant = new AsyncLocalStorage<string>();
  const one = pipeline(bulkhead({ maxConcurrent: 1 }));
  let free!: () => void;
  const first = tenant.run('a', () =>
    one.call((attempt: Attempt) => {
      free = () => attempt.succeed(1);
      return pending;
    }),
  );
  const second = tenant.run('b', () => one.call(() => tenant.getStore()));
  tenant.run('c', free);
  await first;
  expect(await second).toBe('b');
});
