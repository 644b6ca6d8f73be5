import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { testRuntime } from 'holdfast/testing';
import { serve } from '../../packages/holdfast/test/serve.ts';

// A timeout that covers the body, or fires its signal once the call has succeeded, kills
// `await response.json()` of an answer that was in time.

test('neither the attempt`s timeout nor the deadline touches the body of an answer in time', async () => {
  const runtime = testRuntime();
  let finish: (() => void) | null = null;
  const server = await serve((response) => {
    response.write('{"a":');
    finish = () => response.end('1}');
  });
  let attempt: AbortSignal | null | undefined;
  const shop = dependency('shop', { protocol: 'http', timeout: '1s', deadline: '2s' }, runtime);
  const f = resilientFetch(shop, {
    fetch: (input, init) => {
      attempt = init?.signal;
      return fetch(input, init);
    },
  });
  const json = (await f(server.url)).json();
  await runtime.clock.advanceAsync(9999);
  expect(attempt?.aborted).toBe(false);
  finish!();
  expect(await json).toEqual({ a: 1 });
  await runtime.clock.advanceAsync(60_000);
  expect(attempt?.aborted).toBe(false);
});
