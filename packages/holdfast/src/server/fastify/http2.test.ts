import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { expect, test } from 'vitest';
import { sessionWith } from '../../../test/fastify-http2.ts';

/** A route of Fastify over HTTP/2, and what posts to it, without a content type. */
async function site() {
  const app = Fastify({ http2: true });
  app.register(holdfast, { idempotency: { store: memoryStore(), maxRequestBody: 10 } });
  const read: string[] = [];
  app.post('/charge', { config: { holdfast: { idempotent: true } } }, (request) =>
    text(request.raw).then((body) => {
      read.push(body);
      return 'done';
    }),
  );
  const client = await sessionWith(app);
  const post = async (body: string): Promise<unknown> => {
    const head = { ':method': 'POST', ':path': '/charge', 'idempotency-key': 'k1' };
    const stream = client.request(head, { endStream: false });
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    await text(stream);
    return headers[':status'];
  };
  return { post, read };
}

test('a body that Fastify leaves alone, for no header tells of it, is compared, and left to the handler', async () => {
  const { post, read } = await site();
  expect([await post('one'), await post('one'), await post('two')]).toEqual([200, 200, 422]);
  expect(read).toEqual(['one']);
});

test('a body that Fastify leaves alone may be empty, and may not be too large', async () => {
  const { post, read } = await site();
  expect([await post(''), await post('')]).toEqual([200, 200]);
  expect(await post('x'.repeat(11))).toBe(413);
  expect(read).toEqual(['']);
});
