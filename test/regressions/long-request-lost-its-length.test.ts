import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve } from '../../packages/holdfast/test/serve.ts';

// The body of a Request that was too long to keep was sent as a stream: without Content-Length,
// which some servers insist on, and not to where a 307 said.

const retry = { backoff: { base: 0 }, budget: false } as const;
const f = resilientFetch(dependency('shop', { protocol: 'http', retry }));
const text = 'x'.repeat(100_000);

test('a Request with a long body is sent with its length, and on after a redirect', async () => {
  const server = await serve((response, _nth, { url }) => {
    if (url === '/') response.writeHead(307, { location: '/there' }).end();
    else response.end();
  });
  await f(new Request(server.url, { method: 'PUT', body: text }));
  const seen = server.seen.map(({ url, body, headers }) => [
    url,
    body.length,
    headers['content-length'],
  ]);
  expect(seen).toEqual([
    ['/', 100_000, '100000'],
    ['/there', 100_000, '100000'],
  ]);
});
