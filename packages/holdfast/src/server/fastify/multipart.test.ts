import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { expect, test } from 'vitest';

test('parts that a parser has not made values of are a mistake of the server, which is told so', async () => {
  const app = Fastify();
  app.register(holdfast, { idempotency: { store: memoryStore() } });
  // As @fastify/multipart does with `attachFieldsToBody: true`: each part knows all others.
  app.addContentTypeParser('multipart/form-data', async () => {
    const fields: Record<string, object> = {};
    fields['receipt'] = { type: 'file', filename: 'receipt.pdf', fields };
    return fields;
  });
  let runs = 0;
  const config = { holdfast: { idempotent: true } };
  app.post('/charge', { config }, async () => ++runs);
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/charge',
    headers: { 'idempotency-key': 'k1', 'content-type': 'multipart/form-data; boundary=b' },
    payload: '--b--',
  });
  expect([statusCode, body]).toEqual([500, expect.stringContaining("'keyValues'")]);
  expect(runs).toBe(0);
  await app.close();
});
