import { expect, test } from 'vitest';
import { dependency } from 'holdfast';
import { resilientFetch } from 'holdfast/fetch';
import { serve } from '../../packages/holdfast/test/serve.ts';

// A POST had its effect and was answered with a redirect, to a host that refused the connection or
// to a page that was busy. "Connection refused" was taken for "never sent", and "come back later" for
// the POST's answer, so the POST was made three times.

const retry = { backoff: { base: 0 }, budget: false } as const;
const f = resilientFetch(dependency('shop', { protocol: 'http', retry, breaker: false }));
const pay = { method: 'POST', body: 'pay' };

test.each([301, 302, 303, 307, 308])('a POST that a %i sent on is made once', async (status) => {
  const gone = await serve(() => {});
  await gone.close();
  const server = await serve((response) =>
    response.writeHead(status, { location: `${gone.url}/receipt` }).end(),
  );
  await expect(f(server.url, pay)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
  expect(server.seen).toHaveLength(1);
  const keyed = { ...pay, headers: { 'Idempotency-Key': 'order-1' } };
  await expect(f(server.url, keyed)).rejects.toMatchObject({ code: 'RETRIES_EXHAUSTED' });
  expect(server.seen).toHaveLength(4);
});

test('a POST is made once if what it is redirected to asks to come back later', async () => {
  const server = await serve((response, _nth, { method }) => {
    if (method === 'POST') response.writeHead(303, { location: '/receipt' }).end();
    else response.writeHead(503, { 'retry-after': '0' }).end();
  });
  const response = await f(server.url, pay);
  expect(response.status).toBe(503);
  expect(server.seen.map(({ method }) => method)).toEqual(['POST', 'GET']);
});

test('a POST whose own host refuses it is still tried again', async () => {
  const gone = await serve(() => {});
  await gone.close();
  await expect(f(gone.url, pay)).rejects.toMatchObject({ attempts: [{}, {}, {}] });
});
