import { once } from 'node:events';
import { connect, constants, createServer } from 'node:http2';
import { type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import Koa, { type Context } from 'koa';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { listening } from '../../../test/holding.ts';
import { idempotent } from './koa.ts';

/** What never ends: whoever opened it has to close it. */
function endless(of: 'node' | 'web', first: string) {
  const source = new Readable({ read: () => {} });
  source.push(first);
  let isCancelled = false;
  const web = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(first)),
    cancel: () => void (isCancelled = true),
  });
  return of === 'web'
    ? { body: web, isClosed: () => isCancelled }
    : { body: source, isClosed: () => source.destroyed };
}

function site(handler: (context: Context) => unknown) {
  const engine = idempotency({ store: memoryStore() });
  const app = new Koa();
  const failed = vi.fn<(error: Error) => void>();
  app.on('error', failed);
  app.use(idempotent(engine, { maxResponseBody: 1000 }));
  app.use(async (context) => void (await handler(context)));
  return { app, failed };
}

/** A request over HTTP/2. */
async function asking(app: Koa) {
  const server = createServer(app.callback() as never);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const path = { ':method': 'POST', ':path': '/charge', 'idempotency-key': 'k1' };
  const stream = client.request(path, { endStream: true });
  stream.on('error', () => {});
  return { leave: () => stream.close(constants.NGHTTP2_CANCEL) };
}

// Koa hears of an HTTP/2 client's going only if it listens before.
test.each([
  ['node', 'a'.repeat(2000), 'text/plain'],
  ['web', 'a'.repeat(2000), 'text/plain'],
  ['node', 'data: 1\n\n', 'text/event-stream'],
  ['web', 'data: 1\n\n', 'text/event-stream'],
] as const)(
  'over HTTP/2 a stream is closed whose client has gone before it was answered: of %s, %#',
  async (of, first, type) => {
    const { body, isClosed } = endless(of, first);
    const begun = Promise.withResolvers<void>();
    const { app, failed } = site(async (context) => {
      begun.resolve();
      await once(context.res, 'close');
      context.type = type;
      context.body = body;
    });
    const { leave } = await asking(app);
    await begun.promise;
    leave();
    await vi.waitFor(() => expect(isClosed()).toBe(true));
    // Koa is given nothing to send: of the stream it would say that it cannot.
    expect(failed).not.toHaveBeenCalled();
  },
);

test('over HTTP/2 a stream is closed whose client goes while it is held', async () => {
  const pulled = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<unknown>();
  const cancel = vi.fn<() => void>();
  const body = new ReadableStream(
    {
      pull: async (controller) => {
        pulled.resolve();
        await gone.promise;
        controller.enqueue(Buffer.from('a'.repeat(600)));
      },
      cancel,
    },
    { highWaterMark: 0 },
  );
  const { app } = site((context) => {
    context.res.once('close', gone.resolve);
    context.body = body;
  });
  const { leave } = await asking(app);
  await pulled.promise;
  leave();
  await vi.waitFor(() => expect(cancel).toHaveBeenCalledOnce());
});

test('events of a stream of the web are closed when their client goes, which Koa leaves open', async () => {
  const { body, isClosed } = endless('web', 'data: 1\n\n');
  const { app } = site((context) => {
    context.type = 'text/event-stream';
    context.body = body;
  });
  const port = await listening(app.callback());
  const leaving = new AbortController();
  const response = await fetch(`http://127.0.0.1:${port}/charge`, {
    method: 'POST',
    headers: { 'Idempotency-Key': 'k1' },
    signal: leaving.signal,
  });
  const { value } = await response.body!.getReader().read();
  expect(Buffer.from(value!).toString()).toBe('data: 1\n\n');
  leaving.abort();
  await vi.waitFor(() => expect(isClosed()).toBe(true));
});
