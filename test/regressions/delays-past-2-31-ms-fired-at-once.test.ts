import { pending, pipeline, timeout } from 'holdfast';
import { expect, test } from 'vitest';

test('a timeout of thirty days does not fire at once', async () => {
  const abort = new AbortController();
  let ended = false;
  const call = pipeline(timeout('720h')).tryCall(() => pending, { signal: abort.signal });
  void call.finally(() => (ended = true));
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(ended).toBe(false);
  abort.abort('enough');
  expect((await call).error).toBe('enough');
});
