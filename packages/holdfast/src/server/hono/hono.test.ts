import { createAdaptorServer, getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import { cors } from 'hono/cors';
import { validator } from 'hono/validator';
import { answerOnce, idempotent } from 'holdfast/hono';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { describe, expect, test } from 'vitest';
import { listening } from '../../../test/holding.ts';
import { storeOver } from '../../../torture/store-over.ts';
import { httpIdempotency } from '../idempotency/http.ts';

const engine = () => idempotency({ store: memoryStore() });

interface Fetcher {
  request(path: string, init: RequestInit): Response | Promise<Response>;
}

async function send(app: Fetcher, path = '/charge', about: RequestInit = {}) {
  const headers = { 'Idempotency-Key': 'k1', 'Content-Type': 'application/json', ...about.headers };
  const response = await app.request(path, {
    method: 'POST',
    body: '{"amount":5}',
    ...about,
    headers,
  });
  const replayed = response.headers.get('idempotent-replayed');
  return {
    status: response.status,
    text: await response.text(),
    headers: response.headers,
    replayed,
  };
}

const { Request: nativeRequest, Response: native } = globalThis;
createAdaptorServer({ fetch: () => new Response() });
const { Response: ofServer } = globalThis;
Object.assign(globalThis, { Request: nativeRequest, Response: native });

/** With the Response that a server of Node puts in the place of Node's. */
async function withResponseOfServer<T>(run: () => Promise<T>): Promise<T> {
  globalThis.Response = ofServer;
  return run().finally(() => (globalThis.Response = native));
}

const linked = (): Response => new Response('done', { headers: { Link: '</a>' } });

const tenant = (c: Context): string | undefined => c.req.header('x-tenant');

const request = () =>
  new Request('http://shop/charge?a=1', {
    method: 'POST',
    headers: { 'Idempotency-Key': 'k1' },
    body: 'abc',
  });

describe('the middleware', () => {
  test('takes a binding of Workers for no response of Node, whatever its name', async () => {
    const app = new Hono();
    app.use(idempotent(engine()));
    app.post('/charge', (c) => c.text('done'));
    const init = { method: 'POST', headers: { 'Idempotency-Key': 'k1' } };
    const outgoing = { fetch: () => new Response() };
    const response = await app.request('/charge', init, { outgoing });
    expect([response.status, await response.text()]).toEqual([200, 'done']);
  });

  test('works on a plain fetch handler, and leaves the body to be read in any way', async () => {
    const app = new Hono();
    const once = idempotent(engine());
    app.post('/json', once, async (c) => c.json(await c.req.json()));
    app.post('/raw', once, async (c) => c.text(await c.req.raw.text()));
    app.post('/none', once, async (c) => c.text('none'));
    for (const replayed of [null, 'true']) {
      expect(await send(app, '/json')).toMatchObject({ text: '{"amount":5}', replayed });
      expect(await send(app, '/raw')).toMatchObject({ text: '{"amount":5}', replayed });
      expect(await send(app, '/none', { body: null })).toMatchObject({ text: 'none', replayed });
    }
  });

  test.each(['12', '3', undefined])(
    'reads a body of which it is said to have %s bytes',
    async (told) => {
      const app = new Hono();
      app.post('/charge', idempotent(engine(), { maxRequestBody: 12 }), async (c) =>
        c.text(await c.req.text()),
      );
      const headers: Record<string, string> = told === undefined ? {} : { 'content-length': told };
      expect(await send(app, '/charge', { headers })).toMatchObject({ text: '{"amount":5}' });
      headers['Idempotency-Key'] = 'k2';
      const long = await send(app, '/charge', { headers, body: '{"amount":50}' });
      expect([long.status, long.text]).toEqual([413, expect.stringContaining('too-large')]);
    },
  );

  test('refuses a body that is told to be too long without waiting for it', async () => {
    const app = new Hono();
    app.post('/charge', idempotent(engine(), { maxRequestBody: 12 }), (c) => c.text('done'));
    const about = {
      body: new ReadableStream(),
      duplex: 'half',
      headers: { 'Content-Length': '13' },
    };
    expect((await send(app, '/charge', about as RequestInit)).status).toBe(413);
  });

  test('replays nothing in place of what the handler has sent by itself, past Hono', async () => {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.post('/charge', idempotent(engine()), (c) => {
      c.env.outgoing.writeHead(202).end('sent');
      return RESPONSE_ALREADY_SENT;
    });
    const port = await listening(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
    const server = (_path: string, init: RequestInit) =>
      fetch(`http://127.0.0.1:${port}/charge`, init);
    expect(await send({ request: server })).toMatchObject({
      status: 202,
      text: 'sent',
      replayed: null,
    });
    const again = await send({ request: server });
    expect([again.status, again.text]).toEqual([
      409,
      expect.stringContaining('It was answered 202.'),
    ]);
  });

  test('takes part once, however often it is on the way', async () => {
    const app = new Hono();
    const once = idempotent(engine());
    app.use('*', once);
    app.post('/charge', once, (c) => c.text(String(c.get('idempotency')?.key)));
    for (const replayed of [null, 'true']) {
      expect(await send(app)).toMatchObject({ status: 200, text: 'k1', replayed });
    }
  });

  test('sends another answer than the handler to a browser with the headers from before it alone', async () => {
    const store = storeOver(memoryStore(), { complete: () => false });
    const app = new Hono();
    app.use(async (c, next) => {
      c.header('X-Frame-Options', 'DENY');
      await next();
    });
    app.post('/charge', idempotent(idempotency({ store })), (c) => {
      c.header('Location', '/1');
      return c.text('done', 201);
    });
    const browser = { headers: { Origin: 'http://shop' } };
    // It shares the headers that it is given.
    const asked = () => send(app, '/charge', browser);
    const { status, headers } = await withResponseOfServer(asked);
    expect(status).toBe(409);
    expect([headers.get('x-frame-options'), headers.get('location')]).toEqual(['DENY', null]);
  });

  test('replays the type that a text has by itself, of which the Response of a server of Node tells late', async () => {
    const app = new Hono();
    app.post('/charge', idempotent(engine()), linked);
    const answers = await withResponseOfServer(async () => [await send(app), await send(app)]);
    const types = answers.map(({ headers }) => headers.get('content-type'));
    expect(types).toEqual(['text/plain;charset=UTF-8', 'text/plain;charset=UTF-8']);
  });

  test('may come behind what has read the body', async () => {
    const app = new Hono();
    const read = validator('json', (value: { amount: number }) => value);
    app.post('/charge', read, idempotent(engine()), (c) => c.text(`${c.req.valid('json').amount}`));
    expect(await send(app)).toMatchObject({ text: '5', replayed: null });
    expect(await send(app)).toMatchObject({ text: '5', replayed: 'true' });
    expect((await send(app, '/charge', { body: '{"amount":6}' })).status).toBe(422);
  });

  test('knows the template of the route behind it', async () => {
    const app = new Hono();
    app.use(idempotent(engine(), { methods: ['POST'] }));
    app.post('/thing/:id', (c) => c.text(c.req.param('id')));
    app.post('/other/:id', (c) => c.text('other'));
    expect((await send(app, '/thing/1')).text).toBe('1');
    expect((await send(app, '/other/1')).text).toBe('other');
    // The same key of the same route for another thing.
    expect((await send(app, '/thing/2')).status).toBe(422);
  });

  test('comes behind what compresses, which does so once for a replay too', async () => {
    const app = new Hono();
    app.use(compress({ threshold: 0 }));
    app.post('/charge', idempotent(engine()), (c) => c.text('a'.repeat(5000)));
    for (const replayed of [null, 'true']) {
      const answer = await app.request('/charge', {
        method: 'POST',
        headers: { 'Idempotency-Key': 'k1', 'Accept-Encoding': 'gzip' },
      });
      expect(answer.headers.get('content-encoding')).toBe('gzip');
      expect(answer.headers.get('idempotent-replayed')).toBe(replayed);
      const text = new Response(answer.body!.pipeThrough(new DecompressionStream('gzip'))).text();
      expect(await text).toBe('a'.repeat(5000));
    }
  });

  test('leaves the headers of other middleware as they are, and none of them twice', async () => {
    const app = new Hono();
    app.use(cors({ origin: 'https://shop' }));
    app.use(async (c, next) => {
      await next();
      c.header('X-Served-By', 'a');
    });
    app.post('/charge', idempotent(engine()), (c) => {
      c.header('Set-Cookie', 'a=1');
      c.header('Link', '</a>');
      return c.text('done');
    });
    for (const cookies of [['a=1'], []]) {
      const { headers } = await send(app, '/charge', { headers: { Origin: 'https://shop' } });
      expect(headers.get('x-served-by')).toBe('a');
      expect(headers.get('access-control-allow-origin')).toBe('https://shop');
      expect(headers.get('link')).toBe('</a>');
      expect(headers.getSetCookie()).toEqual(cookies);
    }
  });

  test('keeps what an error handler answers', async () => {
    const app = new Hono();
    let runs = 0;
    app.onError((_error, c) => c.text(`no ${++runs}`, 422));
    app.post('/charge', idempotent(engine()), () => {
      throw new Error('too much');
    });
    for (const replayed of [null, 'true']) {
      expect(await send(app)).toMatchObject({ status: 422, text: 'no 1', replayed });
    }
  });

  test('keeps no answer where the handler has given none, which is an error of Hono', async () => {
    const app = new Hono();
    app.onError((_error, c) => c.text('sorry', 500));
    app.post('/charge', idempotent(engine()), () => undefined as never);
    expect(await send(app)).toMatchObject({ status: 500, text: 'sorry' });
    expect((await send(app)).text).toContain('outcome-unknown');
  });

  test("answers a body that fails with the error handler's answer, and no header of the other", async () => {
    const app = new Hono();
    app.onError((error, c) => c.text(error.message, 502));
    app.use(cors());
    const headers = { 'Content-Encoding': 'gzip', 'Content-Length': '5', ETag: '"1"' };
    const disk = new Error('disk');
    const failing = () => new ReadableStream({ pull: (controller) => controller.error(disk) });
    app.post('/charge', idempotent(engine()), () => new Response(failing(), { headers }));
    const first = await send(app, '/charge', { headers: { Origin: 'http://shop' } });
    expect(first).toMatchObject({ status: 502, text: 'disk' });
    for (const name of Object.keys(headers)) expect(first.headers.get(name)).toBe(null);
    expect(first.headers.get('access-control-allow-origin')).toBe('*');
    expect((await send(app)).text).toContain('outcome-unknown');
  });

  test("takes the tenant of Hono's own context", async () => {
    const app = new Hono();
    app.post('/charge', idempotent(engine(), { tenant }), (c) => c.text(c.req.header('x-tenant')!));
    for (const who of ['a', 'b']) {
      expect((await send(app, '/charge', { headers: { 'X-Tenant': who } })).text).toBe(who);
    }
    expect((await send(app)).status).toBe(500);
  });

  test('lets go of the signal of a client that leaves', async () => {
    const app = new Hono();
    const signals: AbortSignal[] = [];
    app.post('/charge', idempotent(engine()), (c) => {
      signals.push(c.req.raw.signal);
      return c.text('done');
    });
    const leaving = new AbortController();
    for (const [key, body] of [
      ['k1', '{}'],
      ['k2', null],
    ] as const) {
      const { signal } = leaving;
      await send(app, '/charge', { signal, body, headers: { 'Idempotency-Key': key } });
    }
    leaving.abort();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false]);
  });
});

describe('any fetch handler', () => {
  const http = httpIdempotency(engine());

  test('answers once', async () => {
    let runs = 0;
    const ask = () =>
      answerOnce(
        http,
        request(),
        {},
        async (given) => new Response(`${await given.text()} ${++runs}`),
      );
    expect(await (await ask()).text()).toBe('abc 1');
    expect(await (await ask()).text()).toBe('abc 1');
  });

  test('that throws leaves its outcome unknown, and the error to its caller', async () => {
    const failed = new Error('lost');
    const other = httpIdempotency(engine());
    const ask = () => answerOnce(other, request(), {}, () => Promise.reject(failed));
    await expect(ask()).rejects.toBe(failed);
    expect(await (await ask()).text()).toContain('outcome-unknown');
  });
});
