import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { expect, onTestFinished, test } from 'vitest';

test('a replay says the name of a file as it was given', async () => {
  const app = Fastify();
  onTestFinished(() => app.close());
  app.register(holdfast, { idempotency: { store: memoryStore() } });
  const named = { 'content-disposition': 'attachment; filename="é.txt"' };
  app.post('/file', { config: { holdfast: { idempotent: true } } }, (_request, reply) =>
    reply.headers(named).send(Readable.from([Buffer.from('text')])),
  );
  const url = `${await app.listen({ port: 0, host: '127.0.0.1' })}/file`;
  for (const replayed of [null, 'true']) {
    const sent = await fetch(url, { method: 'POST', headers: { 'Idempotency-Key': 'k1' } });
    expect(sent.headers.get('content-disposition')).toBe(named['content-disposition']);
    expect(sent.headers.get('content-length')).toBe('4');
    expect([await sent.text(), sent.headers.get('idempotent-replayed')]).toEqual([
      'text',
      replayed,
    ]);
  }
});
