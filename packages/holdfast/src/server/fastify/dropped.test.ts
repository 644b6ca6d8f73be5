import { once } from 'node:events';
import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { storeOver } from '../../../torture/store-over.ts';
import { sessionWith } from '../../../test/fastify-http2.ts';

const config = { holdfast: { idempotent: true } };

/** More than is held, and then nothing more: whoever opened it has to close it. */
function endless(isWeb: boolean) {
  const source = new Readable({ read: () => {} });
  source.push('a'.repeat(2000));
  let isCancelled = false;
  const web = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('a'.repeat(2000))),
    cancel: () => void (isCancelled = true),
  });
  return isWeb
    ? { payload: web, isClosed: () => isCancelled }
    : { payload: source, isClosed: () => source.destroyed };
}

test.each([false, true])(
  'a stream for which another answer stands is closed (of the web: %s)',
  async (isWeb) => {
    const { payload, isClosed } = endless(isWeb);
    const app = Fastify({ forceCloseConnections: true });
    onTestFinished(() => app.close());
    const store = storeOver(memoryStore(), { complete: () => false });
    app.register(holdfast, { idempotency: { store, maxResponseBody: 1000 } });
    app.post('/charge', { config }, async () => payload);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const headers = { 'Idempotency-Key': 'k1' };
    const answer = await fetch(`${url}/charge`, { method: 'POST', headers });
    expect(await answer.text()).toContain('idempotency-lease-lost');
    expect(isClosed()).toBe(true);
  },
);

// An error that nobody listens for would end the process, and so this run.
test("what a stream that is never held says to its end, as a body of undici does, is nobody's", async () => {
  const objecting = new Readable({
    read: () => {},
    destroy: (_error, done) => done(new Error('closed before its end')),
  });
  const app = Fastify();
  onTestFinished(() => app.close());
  const store = storeOver(memoryStore(), { complete: () => false });
  app.register(holdfast, { idempotency: { store } });
  app.post('/charge', { config }, async (_request, reply) =>
    reply.type('text/event-stream').send(objecting),
  );
  const headers = { 'Idempotency-Key': 'k1' };
  const answer = await app.inject({ method: 'POST', url: '/charge', headers });
  expect(answer.body).toContain('idempotency-lease-lost');
  expect(objecting.closed).toBe(true);
});

test.each([false, true])(
  'over HTTP/2 a stream is closed whose client has gone (of the web: %s)',
  async (isWeb) => {
    const { payload, isClosed } = endless(isWeb);
    const app = Fastify({ http2: true });
    const failed = vi.fn<() => string>(() => 'failed');
    app.setErrorHandler(failed);
    app.register(holdfast, { idempotency: { store: memoryStore(), maxResponseBody: 1000 } });
    const begun = Promise.withResolvers<void>();
    app.post('/charge', { config }, (request) => {
      begun.resolve();
      return once(request.raw.stream, 'close').then(() => payload);
    });
    const client = await sessionWith(app);
    const path = { ':method': 'POST', ':path': '/charge', 'idempotency-key': 'k1' };
    const asked = client.request(path, { endStream: true });
    await begun.promise;
    asked.close();
    await vi.waitFor(() => expect(isClosed()).toBe(true));
    // Fastify is given nothing to send: of the stream it would say that it cannot.
    expect(failed).not.toHaveBeenCalled();
  },
);
