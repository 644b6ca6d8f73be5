import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve } from '../../packages/holdfast/test/serve.ts';

// The first attempt uses up a stream; the second then sent an empty body, and was told 200.

const retry = { backoff: { base: 0 }, budget: false } as const;
const shop = dependency('shop', { protocol: 'http', retry });

test.each([
  [1000, ['1000', '1000']],
  [100_000, ['100000']],
])('a stream of %i bytes is sent whole in every attempt', async (size, sent) => {
  const server = await serve((response, nth) => response.writeHead(nth === 1 ? 500 : 200).end());
  const body = new Blob(['x'.repeat(size)]).stream();
  const init = { method: 'PUT', body, duplex: 'half' } as RequestInit;
  await resilientFetch(shop)(server.url, init);
  expect(server.seen.map((seen) => String(seen.body.length))).toEqual(sent);
});

test('a Request with a body is sent whole in every attempt', async () => {
  const server = await serve((response, nth) => response.writeHead(nth === 1 ? 500 : 200).end());
  await resilientFetch(shop)(new Request(server.url, { method: 'PUT', body: 'text' }));
  expect(server.seen.map(({ body }) => body)).toEqual(['text', 'text']);
});
