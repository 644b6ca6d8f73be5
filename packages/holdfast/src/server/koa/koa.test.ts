import { once } from 'node:events';
import { Readable, Stream } from 'node:stream';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import Koa, { type Context, type Middleware } from 'koa';
import { describe, expect, it } from 'vitest';
import { fakeIdempotency } from '../../../test/fake-idempotency.ts';
import { listening } from '../../../test/holding.ts';
import { until } from '../../../test/serve.ts';
import { LeaseLostError } from '../../idempotency/errors.ts';
import { safeToRetry } from '../../idempotency/options.ts';
import type { HttpIdempotencyOptions } from '../idempotency/options.ts';
import { idempotent, type KoaContextLike } from './koa.ts';

async function serving(
  handler: Middleware,
  {
    before = [],
    ...options
  }: HttpIdempotencyOptions<KoaContextLike> & { before?: Middleware[] } = {},
) {
  const engine = fakeIdempotency();
  const app = new Koa();
  app.silent = true;
  for (const middleware of before) app.use(middleware);
  app.use(idempotent(engine, options));
  app.use(handler);
  const port = await listening(app.callback());
  const post = (
    key = 'k',
    headers: Record<string, string> = {},
    signal: AbortSignal | null = null,
  ): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/pay`, {
      method: 'POST',
      signal,
      headers: { 'idempotency-key': key, 'content-type': 'application/json', ...headers },
      body: '{"amount": 5}',
    });
  return { engine, post };
}

/** Answers for those behind it. */
const rescue: Middleware = async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    ctx.status = (error as { status?: number }).status ?? 500;
    ctx.body = { sorry: true };
  }
};

/** Throws the status that it is asked for. */
const thrower: Middleware = (ctx) => ctx.throw(Number(ctx.get('x-status')), 'no');

/** Compresses what those behind it answer. */
const compress: Middleware = async (ctx, next) => {
  await next();
  if (ctx.get('accept-encoding') !== 'gzip') return;
  ctx.set('Content-Encoding', 'gzip');
  ctx.body = gzipSync(ctx.body as Buffer);
};

/** A stream that is no `Readable` of Node's, as that of another copy of its streams is not either. */
function oldStream(...chunks: readonly string[]): Stream {
  const stream = Object.assign(new Stream(), { readable: true });
  setImmediate(() => {
    for (const chunk of chunks) stream.emit('data', chunk);
    stream.emit('end');
  });
  return stream;
}

/** Reads the body, and puts it where nobody looks for it. */
const readApart: Middleware = async (ctx, next) => {
  ctx.state['input'] = await json(ctx.req);
  await next();
};

/** What a router tells. */
const matched: Middleware = (ctx, next) => {
  Object.assign(ctx, { _matchedRoute: '/:what' });
  return next();
};

describe('Koa', () => {
  it.each<[string, () => unknown, string]>([
    ['text', () => 'né', 'né'],
    ['a Buffer', () => Buffer.from('né'), 'né'],
    ['an object', () => ({ paid: true }), '{"paid":true}'],
    [
      'a stream of bytes',
      () => Readable.from([Buffer.from('one '), Buffer.from('two')]),
      'one two',
    ],
    ['a stream of strings', () => Readable.from(['one ', 'two']), 'one two'],
    ['a stream of the web', () => new Blob(['one two']).stream(), 'one two'],
    ['a stream of the old kind', () => oldStream('one ', 'two'), 'one two'],
    ['a blob', () => new Blob(['one two']), 'one two'],
    ['a response', () => new Response('one two', { status: 201 }), 'one two'],
  ])('keeps and replays a body that is %s', async (_what, body, text) => {
    const { engine, post } = await serving((ctx) => void (ctx.body = body()));
    const first = await post();
    const again = await post();
    expect([await first.text(), await again.text()]).toEqual([text, text]);
    expect([first.status, again.headers.get('idempotent-replayed')]).toEqual([
      again.status,
      'true',
    ]);
    expect(first.headers.get('content-type')).toBe(again.headers.get('content-type'));
    expect(again.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(engine.steps).toEqual(['complete']);
  });

  it('gives the handler the body and the execution', async () => {
    const seen: unknown[] = [];
    const { post } = await serving(async (ctx) => {
      const { idempotency } = ctx.state as KoaContextLike['state'];
      seen.push(await json(ctx.req), idempotency?.keyFor('card'));
      ctx.status = 204;
    });
    expect((await post()).status).toBe(204);
    const again = await post();
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([204, 'true']);
    expect(seen).toEqual([{ amount: 5 }, 'k:card']);
  });

  it('is an error of the server where what has read the body has put it elsewhere', async () => {
    const { engine, post } = await serving((ctx) => void (ctx.body = 'done'), {
      before: [readApart],
    });
    expect([(await post()).status, engine.asked]).toEqual([500, []]);
  });

  it('keeps what Koa says where a handler says nothing', async () => {
    const { engine, post } = await serving(() => {});
    for (let i = 0; i < 2; i++) {
      const response = await post();
      expect([response.status, await response.text()]).toEqual([404, 'Not Found']);
    }
    expect(engine.steps).toEqual(['complete']);
  });

  it.each<[string, Middleware]>([
    ['is empty', (ctx) => void (ctx.body = '')],
    ['has no type', (ctx) => void ctx.res.end('raw')],
  ])('replays an answer that %s with the type that it had', async (_what, handler) => {
    const { post } = await serving(handler);
    const first = await post();
    const again = await post();
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(again.headers.get('content-length')).toBe(first.headers.get('content-length'));
  });

  it('leaves the outcome unknown of an error whose client has gone, which Koa answers nobody', async () => {
    const { promise: failed, reject: fail } = Promise.withResolvers<void>();
    const { promise: asked, resolve: ask } = Promise.withResolvers<Context>();
    const { engine, post } = await serving((ctx) => {
      ask(ctx);
      return failed;
    });
    const leaving = new AbortController();
    const first = post('k', {}, leaving.signal);
    const { res } = await asked;
    leaving.abort();
    await expect(first).rejects.toThrow(/abort/);
    if (!res.destroyed) await once(res, 'close');
    fail(new Error('lost'));
    await until('it is held', () => engine.steps.length > 0);
    expect(engine.steps).toEqual(['hold']);
  });

  it('leaves the outcome unknown of a stream that Koa ends, since its client has gone', async () => {
    const { promise: asked, resolve: ask } = Promise.withResolvers<Context>();
    const { engine, post } = await serving((ctx) => {
      ctx.body = new Readable({ read: () => {} });
      ask(ctx);
    });
    const leaving = new AbortController();
    const first = post('k', {}, leaving.signal);
    await asked;
    leaving.abort();
    await expect(first).rejects.toThrow(/abort/);
    await until('it is held', () => engine.steps.length > 0);
    expect(engine.steps).toEqual(['hold']);
  });

  it('streams what is beyond the bound, whole, and does not keep it', async () => {
    const chunks = Array.from({ length: 100 }, (_, i) => Buffer.alloc(1000, 48 + (i % 10)));
    const { post } = await serving(
      (ctx) => {
        ctx.type = 'text/plain';
        ctx.body = Readable.from(chunks);
      },
      { maxResponseBody: 10_000 },
    );
    const response = await post();
    expect(await response.text()).toBe(Buffer.concat(chunks).toString());
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect((await post()).status).toBe(409);
  });

  it('replaces an answer that could not be committed', async () => {
    const { engine, post } = await serving((ctx) => {
      ctx.set('Location', '/receipts/7');
      ctx.body = { paid: true };
    });
    engine.completion = { kind: 'refused', error: new LeaseLostError({ name: 'fake' }) };
    const response = await post();
    expect(response.headers.get('location')).toBeNull();
    expect([response.status, response.headers.get('content-type')]).toEqual([
      503,
      'application/problem+json',
    ]);
    expect(await response.json()).toMatchObject({ code: 'idempotency-commit-failed' });
  });

  it('judges an error by the answer that it becomes further out', async () => {
    for (const before of [[], [rescue]]) {
      const { engine, post } = await serving(thrower, { before });
      for (const status of [402, 429, 500]) {
        expect((await post(`k${status}`, { 'x-status': String(status) })).status).toBe(status);
      }
      expect(engine.steps).toEqual(['complete', 'release', 'hold']);
      expect((await post('k402', { 'x-status': '402' })).headers.get('idempotent-replayed')).toBe(
        'true',
      );
    }
  });

  it('releases the key of an error that is marked', async () => {
    const { engine, post } = await serving(() => {
      throw safeToRetry(new Error('not connected'));
    });
    expect((await post()).status).toBe(500);
    expect(engine.steps).toEqual(['release']);
  });

  it('holds an answer that is written past Koa', async () => {
    const { engine, post } = await serving((ctx) => {
      ctx.respond = false;
      ctx.res.writeHead(201).end('raw');
    });
    for (let i = 0; i < 2; i++) expect(await (await post()).text()).toBe('raw');
    expect(engine.steps).toEqual(['complete']);
  });

  it('keeps what is compressed in front of it as it was before', async () => {
    const { post } = await serving((ctx) => void (ctx.body = 'a'.repeat(100)), {
      before: [compress],
    });
    for (const coding of ['gzip', 'identity', 'gzip']) {
      const response = await post('k', { 'accept-encoding': coding });
      expect(await response.text()).toBe('a'.repeat(100));
      expect(response.headers.get('content-encoding')).toBe(coding === 'gzip' ? 'gzip' : null);
    }
  });

  it('leaves the outcome unknown of a stream of what cannot be sent, and closes it', async () => {
    const stream = Readable.from([{ id: 1 }]);
    const { engine, post } = await serving((ctx) => {
      ctx.body = stream;
    });
    expect((await post()).status).toBe(500);
    await until('it is held', () => engine.steps.length > 0);
    expect([engine.steps, stream.destroyed]).toEqual([['hold'], true]);
  });

  it('says the name of a file as it was given', async () => {
    const { post } = await serving((ctx) => {
      ctx.attachment('é.pdf');
      ctx.body = Readable.from([Buffer.from('pdf')]);
    });
    for (const replayed of [null, 'true']) {
      const { headers } = await post();
      expect(headers.get('content-disposition')).toBe('attachment; filename="é.pdf"');
      expect(headers.get('content-length')).toBe('3');
      expect(headers.get('idempotent-replayed')).toBe(replayed);
    }
  });

  it('knows the template that a router has matched', async () => {
    const { engine, post } = await serving((ctx) => void (ctx.body = 'a'), { before: [matched] });
    await post();
    expect(engine.asked[0]!.scope).toEqual(['http', 'POST', '/:what']);
  });
});
