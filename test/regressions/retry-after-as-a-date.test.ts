import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { testRuntime } from 'holdfast/testing';
import { serve, until } from '../../packages/holdfast/test/serve.ts';

// A date was read as NaN seconds, and the retry came at once.

test('a Retry-After that is a date is waited for, by the server`s own clock', async () => {
  const runtime = testRuntime();
  const server = await serve((response, nth) => {
    if (nth > 1) {
      response.end('ok');
      return;
    }
    response.sendDate = false;
    response.setHeader('date', 'Sun, 06 Nov 1994 08:49:37 GMT');
    response.writeHead(503, { 'retry-after': 'Sun, 06 Nov 1994 08:49:40 GMT' }).end();
  });
  const shop = dependency('shop', { protocol: 'http', retry: { budget: false } }, runtime);
  const answer = resilientFetch(shop)(server.url);
  await until('a retry is planned', () => runtime.sink.of('retry.scheduled').length === 1);
  await runtime.clock.advanceAsync(2999);
  expect(server.seen).toHaveLength(1);
  await runtime.clock.advanceAsync(101);
  expect((await answer).status).toBe(200);
});
