import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve } from '../../packages/holdfast/test/serve.ts';

// `fetch(url, request)` is how a request is sent on to another URL. Method, headers and body of a
// Request are inherited, so a spread of it had none of them.

const retry = { backoff: { base: 0 }, budget: false } as const;
const f = resilientFetch(dependency('shop', { protocol: 'http', retry }));

test('a Request in place of init is sent with all that it has, in every attempt', async () => {
  const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
  const headers = { 'Idempotency-Key': 'k', a: '1' };
  const request = new Request('http://elsewhere/', { method: 'POST', body: 'text', headers });
  await f(server.url, request as RequestInit);
  expect(server.seen).toHaveLength(2);
  for (const { method, body, headers: sent } of server.seen) {
    expect([method, body]).toEqual(['POST', 'text']);
    expect(sent).toMatchObject({ 'idempotency-key': 'k', a: '1' });
  }
});

test('headers that can be run through only once are sent whole, in every attempt', async () => {
  const server = await serve((response, nth) => response.writeHead(nth < 2 ? 500 : 200).end());
  const headers = new Headers({ 'Idempotency-Key': 'k', a: '1' }).entries();
  await f(server.url, { method: 'POST', headers: headers as never });
  expect(server.seen).toHaveLength(2);
  for (const { headers: sent } of server.seen) {
    expect(sent).toMatchObject({ 'idempotency-key': 'k', a: '1' });
  }
});
