import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { idempotency, type IdempotencyStore } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { storeOver } from '../../../torture/store-over.ts';

const config = { holdfast: { idempotent: true } };
const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

function site(store: IdempotencyStore = memoryStore(), maxResponseBody = 1000): FastifyInstance {
  const app = Fastify({ forceCloseConnections: true });
  apps.push(app);
  app.register(holdfast, { idempotency: { store, maxResponseBody } });
  return app;
}

/** Over a real connection: `inject` has no sockets. */
async function send(app: FastifyInstance, path = '/charge', headers: Record<string, string> = {}) {
  const url = app.server.listening
    ? `http://127.0.0.1:${(app.server.address() as { port: number }).port}`
    : await app.listen({ port: 0, host: '127.0.0.1' });
  const body = '{"amount":5}';
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'Idempotency-Key': 'k1', 'Content-Type': 'application/json', ...headers },
    body,
  });
  const bytes = Buffer.from(await response.arrayBuffer());
  const replayed = response.headers.get('idempotent-replayed');
  return {
    status: response.status,
    headers: response.headers,
    text: bytes.toString(),
    bytes,
    replayed,
  };
}

describe('the plugin', () => {
  test('holds for routes beside it, and for those that do not ask for it does nothing', async () => {
    const app = site();
    let runs = 0;
    app.post('/charge', async () => ++runs);
    app.register(async (inner) => void inner.post('/inner', { config }, async () => ++runs));
    expect([(await send(app)).text, (await send(app)).text]).toEqual(['1', '2']);
    expect([(await send(app, '/inner')).text, (await send(app, '/inner')).text]).toEqual([
      '3',
      '3',
    ]);
  });

  test('lets a route take part in PUT and DELETE without saying so twice', async () => {
    const app = site();
    let runs = 0;
    app.put('/charge', { config }, async () => ++runs);
    const put = { method: 'PUT', url: '/charge', headers: { 'idempotency-key': 'k1' } } as const;
    expect((await app.inject(put)).body).toBe('1');
    expect((await app.inject(put)).body).toBe('1');
  });

  test('closes the store that it was given, with the server, and no engine of others', async () => {
    const close = vi.fn<() => Promise<void>>(async () => {});
    const store = storeOver(memoryStore(), { close });
    await site(store).ready();
    await apps.pop()!.close();
    expect(close).toHaveBeenCalledTimes(1);
    const engine = idempotency({ store });
    const app = Fastify().register(holdfast, { idempotency: { engine } });
    await app.ready();
    await app.close();
    expect(close).toHaveBeenCalledTimes(1);
    await engine.close();
  });

  test.each<[string, object, RegExp]>([
    ['true or options', { idempotent: 'yes' }, /config\.holdfast\.idempotent must be an object/],
    ['without typos', { idempotnt: true }, /config\.holdfast\.idempotnt is not an option/],
    ['of options that there are', { idempotent: { requird: true } }, /idempotent\.requird is not/],
  ])('does not run a route whose configuration is not %s', async (_what, given, message) => {
    const app = site();
    const handler = vi.fn<() => Promise<string>>(async () => 'done');
    app.post('/charge', { config: { holdfast: given } }, handler);
    for (let i = 0; i < 2; i++) {
      const { status, text } = await send(app);
      expect([status, text]).toEqual([500, expect.stringMatching(message)]);
    }
    expect(handler).not.toHaveBeenCalled();
  });

  test('does not run again what goes on behind a timeout of Fastify', async () => {
    const app = site();
    const { promise, resolve } = Promise.withResolvers<string>();
    const handler = vi.fn<() => Promise<string>>(() => promise);
    app.post('/charge', { config, handlerTimeout: 20 }, handler);
    const ask = { method: 'POST', url: '/charge', headers: { 'idempotency-key': 'k1' } } as const;
    expect((await app.inject(ask)).statusCode).toBe(503);
    expect((await app.inject(ask)).body).toContain('outcome-unknown');
    resolve('done');
    expect(handler).toHaveBeenCalledTimes(1);
  });

  test('says what is wrong with its options, and does nothing without any', async () => {
    await Fastify().register(holdfast, {}).ready();
    await Fastify().register(holdfast, { prefix: '/shop', logLevel: 'warn' }).ready();
    const misplaced: object = { store: memoryStore() };
    await expect(Fastify().register(holdfast, misplaced).ready()).rejects.toThrow(
      new TypeError('holdfast.store is not an option; known is idempotency'),
    );
    await expect(wrong({})).rejects.toThrow(/either an engine or a store/);
    await expect(wrong(null as never)).rejects.toThrow(/either an engine or a store/);
    await expect(wrong({ store: memoryStore(), maxRequestBody: -1 })).rejects.toThrow(RangeError);
  });

  test('needs a body that was parsed', async () => {
    const app = site();
    app.addContentTypeParser('multipart/form-data', (_request, payload, done) => {
      payload.resume();
      payload.on('end', () => done(null));
    });
    const handler = vi.fn<() => Promise<string>>(async () => 'done');
    app.post('/charge', { config }, handler);
    const answer = await send(app, '/charge', {
      'Content-Type': 'multipart/form-data; boundary=a',
    });
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('nothing has parsed the body of POST /charge');
    expect(handler).not.toHaveBeenCalled();
  });
});

describe('an answer', () => {
  test('passes hooks that come later, once each, for a replay as well', async () => {
    const app = site();
    app.register(async (inner) => {
      inner.addHook('onSend', async (_request, reply, payload) => {
        reply.header('content-encoding', 'gzip');
        return gzipSync(payload as Buffer);
      });
      inner.post('/charge', { config }, async () => 'a'.repeat(500));
    });
    const [first, again] = [await send(app), await send(app)];
    expect([first.text, first.headers.get('content-encoding')]).toEqual(['a'.repeat(500), 'gzip']);
    expect([again.text, again.headers.get('content-encoding')]).toEqual(['a'.repeat(500), 'gzip']);
    expect(again.replayed).toBe('true');
  });

  test('is not replayed to whom a hook in front turns away, who takes no key either', async () => {
    const app = site();
    let isKnown = false;
    app.addHook('onRequest', async (_request, reply) => {
      if (!isKnown) return reply.code(401).send('who are you?');
    });
    app.post('/charge', { config }, async () => 'done');
    const seen: unknown[] = [];
    for (const known of [false, true, false, true]) {
      isKnown = known;
      const { status, replayed } = await send(app);
      seen.push([status, replayed]);
    }
    expect(seen).toEqual([
      [401, null],
      [200, null],
      [401, null],
      [200, 'true'],
    ]);
  });

  test('of an error handler is kept', async () => {
    const app = site();
    let runs = 0;
    app.setErrorHandler((_error, _request, reply) => reply.code(422).send({ no: ++runs }));
    app.post('/charge', { config }, async () => {
      throw new Error('too much');
    });
    for (const replayed of [null, 'true']) {
      expect(await send(app)).toMatchObject({ status: 422, text: '{"no":1}', replayed });
    }
  });

  test('of an error of a status below 500 is kept', async () => {
    const app = site();
    app.post('/charge', { config }, async () => {
      throw Object.assign(new Error('no such card'), { statusCode: 404 });
    });
    for (const replayed of [null, 'true']) {
      expect(await send(app)).toMatchObject({ status: 404, replayed });
    }
  });

  test('may be a Response, or a stream of the web', async () => {
    const app = site();
    const headers = { 'content-type': 'text/csv', location: '/1' };
    app.post('/response', { config }, async () => new Response('a;b', { status: 201, headers }));
    app.post('/stream', { config }, async () => new Response('c;d').body);
    app.post('/texts', { config }, async () => ReadableStream.from(['e;', 'é']));
    app.post('/long', { config }, async () => new Response('x'.repeat(5000)));
    for (const replayed of [null, 'true']) {
      const answer = await send(app, '/response');
      expect(answer).toMatchObject({ status: 201, text: 'a;b', replayed });
      expect(answer.headers.get('content-type')).toBe('text/csv');
      expect(answer.headers.get('location')).toBe('/1');
      expect(await send(app, '/stream')).toMatchObject({ status: 200, text: 'c;d', replayed });
      expect(await send(app, '/texts')).toMatchObject({ status: 200, text: 'e;é', replayed });
    }
    expect((await send(app, '/long')).text).toBe('x'.repeat(5000));
    expect((await send(app, '/long')).text).toContain('not-replayable');
  });

  test('that has no type has none when it is replayed', async () => {
    const app = site();
    app.post('/stream', { config }, async () => Readable.from(['{}'], { objectMode: false }));
    app.post('/bytes', { config }, async () => Buffer.from([0, 255]));
    for (const replayed of [null, 'true']) {
      const [stream, bytes] = [await send(app, '/stream'), await send(app, '/bytes')];
      expect(stream).toMatchObject({ text: '{}', replayed });
      expect(stream.headers.get('content-type')).toBe(null);
      expect(bytes.headers.get('content-type')).toBe('application/octet-stream');
    }
  });

  test('of a stream that fails is a 500, since nothing of it has left, and unknown from then on', async () => {
    const app = site();
    app.post('/charge', { config }, async () => {
      return new ReadableStream({ pull: failing });
    });
    const first = await send(app);
    expect(first).toMatchObject({ status: 500 });
    expect(first.text).not.toContain('some');
    expect((await send(app)).text).toContain('outcome-unknown');
  });

  test('of a stream that goes on for ever ends with its client', async () => {
    const app = site();
    const endless = new Readable({ read: () => {} });
    endless.push('a'.repeat(2000));
    app.post('/charge', { config }, async () => endless);
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const leaving = new AbortController();
    const response = await fetch(`${url}/charge`, {
      method: 'POST',
      headers: { 'Idempotency-Key': 'k1' },
      signal: leaving.signal,
    });
    await response.body!.getReader().read();
    expect(endless.destroyed).toBe(false);
    leaving.abort();
    await vi.waitFor(() => expect(endless.destroyed).toBe(true));
  });

  test('of a handler that takes the response over cannot be replayed', async () => {
    const app = site();
    app.post('/charge', { config }, (_request, reply) => {
      reply.hijack();
      reply.raw.end('mine');
    });
    expect((await send(app)).text).toBe('mine');
    await vi.waitFor(async () => expect((await send(app)).text).toContain('not-replayable'));
  });
});

describe('a handler that answers twice', () => {
  test.each([
    ['at once', memoryStore()],
    ['later', answeringLater()],
  ])('has given the first, with a store that answers %s', async (_when, store) => {
    const app = site(store);
    app.post('/sent', { config }, (_request, reply) => {
      reply.code(201).header('location', '/1').send({ id: 1 });
      reply.code(202).header('location', '/2').send('again');
    });
    app.post('/thrown', { config }, async (_request, reply) => {
      reply
        .code(201)
        .header('location', '/1')
        .send(Readable.from(['{"id":1}']));
      throw new Error('after all');
    });
    for (const replayed of [null, 'true']) {
      for (const path of ['/sent', '/thrown']) {
        const { headers, ...answer } = await send(app, path);
        expect(answer).toMatchObject({ status: 201, text: '{"id":1}', replayed });
        expect(headers.get('location')).toBe('/1');
      }
    }
  });
});

describe('an answer that Fastify cannot send', () => {
  const inChinese = { 'content-disposition': 'attachment; filename="收据.pdf"' };

  test.each([
    ['at once', memoryStore()],
    ['later', answeringLater()],
  ])('is a 500 with a store that answers %s, and its replays are', async (_when, store) => {
    const app = site(store);
    app.post('/text', { config }, async (_request, reply) => reply.headers(inChinese).send('a'));
    app.post('/bytes', { config }, (_request, reply) =>
      reply.headers(inChinese).send(Buffer.from('a')),
    );
    for (const path of ['/text', '/bytes', '/text', '/bytes']) {
      const { status, text } = await send(app, path);
      expect([path, status, text]).toEqual([path, 500, expect.stringContaining('INVALID_CHAR')]);
    }
  });

  test('is a 500 when it is of no kind that can be sent', async () => {
    const app = site();
    app.post('/charge', { config }, (_request, reply) => reply.type('text/plain').send({ id: 1 }));
    expect(await send(app)).toMatchObject({
      status: 500,
      text: expect.stringContaining('INVALID_PAYLOAD_TYPE') as string,
    });
  });
});

function wrong(given: unknown) {
  return Fastify()
    .register(holdfast, { idempotency: given as never })
    .ready();
}

/** As stores do that are reached over a connection. */
function answeringLater(): IdempotencyStore {
  const store = memoryStore();
  return storeOver(store, {
    claim: async (request) => store.claim(request),
    complete: async (...kept) => store.complete(...kept),
  });
}

function failing(controller: ReadableStreamDefaultController): void {
  controller.enqueue(Buffer.from('some'));
  controller.error(new Error('disk'));
}
