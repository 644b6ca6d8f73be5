import { answerOnce, httpIdempotency } from 'holdfast/hono';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { expect, test } from 'vitest';

/** As Next.js gives its route handlers one: a proxy, of which the runtime makes no other request. */
function proxied(request: Request): Request {
  return new Proxy(request, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

test.each([
  ['with a body', '{"amount":5}', {}],
  ['without a body', null, {}],
  ['with a body that is not read', '{"amount":5}', { trustContentDigest: true }],
])('a request that is a proxy, %s, is answered once', async (_what, body, options) => {
  const http = httpIdempotency(idempotency({ store: memoryStore() }), options);
  const headers = { 'Idempotency-Key': 'k1', 'Content-Digest': 'sha-256=:AAAA:', 'X-Shop': '1' };
  const ask = async () => {
    const request = proxied(
      new Request('http://shop/charge?a=1', { method: 'PATCH', headers, body }),
    );
    const answer = await answerOnce(http, request, {}, async (given) =>
      Response.json([given.method, given.url, given.headers.get('x-shop'), await given.text()]),
    );
    return [answer.status, answer.headers.get('idempotent-replayed'), await answer.json()];
  };
  const seen = ['PATCH', 'http://shop/charge?a=1', '1', body ?? ''];
  expect(await ask()).toEqual([200, null, seen]);
  expect(await ask()).toEqual([200, 'true', seen]);
});
