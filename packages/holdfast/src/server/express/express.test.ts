import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import express5, {
  type Express,
  type NextFunction,
  type Request,
  type Response as Answer,
} from 'express';
import express4 from 'express4';
import { describe, expect, it } from 'vitest';
import { fakeIdempotency } from '../../../test/fake-idempotency.ts';
import { listening } from '../../../test/holding.ts';
import { safeToRetry } from '../../idempotency/options.ts';
import { idempotent, idempotentErrors } from './express.ts';

const frameworks = [
  ['5', express5],
  ['4', express4],
] as const;

describe.each(frameworks)('Express %s', (_version, express) => {
  async function serving(setUp: (app: Express, once: ReturnType<typeof idempotent>) => void) {
    const engine = fakeIdempotency();
    const app = express();
    app.set('env', 'test');
    setUp(app, idempotent(engine));
    const server = createServer(app);
    const port = await listening((request, response) => server.emit('request', request, response));
    const post = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method: 'POST',
        headers: { 'idempotency-key': 'k', 'content-type': 'application/json' },
        body: '{"amount": 5}',
        ...init,
      });
    return { engine, post };
  }

  it('tells routes apart by their templates, with where their router is mounted', async () => {
    const { engine, post } = await serving((app, once) => {
      const router = express.Router();
      router.post('/orders/:id', once, (_request, response) => void response.end());
      app.use('/shop', router);
      app.use(once, (_request: Request, response: Answer) => void response.end());
    });
    await post('/shop/orders/7?x=1');
    await post('/elsewhere/8?x=1');
    expect(engine.asked.map(({ scope }) => scope)).toEqual([
      ['http', 'POST', '/shop/orders/:id'],
      ['http', 'POST', '/elsewhere/8'],
    ]);
  });

  it('takes part once, however often it is on the way', async () => {
    const { engine, post } = await serving((app, once) => {
      app.use(once);
      app.post('/pay', once, ({ idempotency }, response) => void response.send(idempotency?.key));
    });
    for (const replayed of [null, 'true']) {
      const response = await post('/pay');
      expect([await response.text(), response.headers.get('idempotent-replayed')]).toEqual([
        'k',
        replayed,
      ]);
    }
    expect(engine.steps).toEqual(['complete']);
  });

  it('takes what a parser has made of the body, whatever its order', async () => {
    const { engine, post } = await serving((app, once) => {
      app.post('/pay', express.json(), once, ({ body, idempotency }, response) => {
        response.status(201).json({ body: body as unknown, key: idempotency?.key });
      });
    });
    expect(await (await post('/pay', { body: '{"a":1,"b":2}' })).json()).toEqual({
      body: { a: 1, b: 2 },
      key: 'k',
    });
    const again = await post('/pay', { body: '{"b":2, "a":1}' });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await post('/pay', { body: '{"b":2, "a":2}' })).status).toBe(422);
    expect(engine.steps).toEqual(['complete']);
  });

  it('is an error of the server where what has read the body has put it elsewhere', async () => {
    const { engine, post } = await serving((app, once) => {
      app.use((request: Request, _response: Answer, next: NextFunction) => {
        request.resume().once('end', next);
      });
      app.post('/pay', once, (_request, response) => void response.send('done'));
    });
    const { status } = await post('/pay');
    expect([status, engine.asked]).toEqual([500, []]);
    // Of none there is nothing to be put.
    expect((await post('/pay', { body: null })).status).toBe(200);
  });

  it('reads a body that nobody has parsed, for a parser behind it', async () => {
    const { post } = await serving((app, once) => {
      // Parses JSON alone, and leaves the rest.
      app.use(express.json());
      app.post('/pay', once, express.text(), ({ body }, response) => void response.send(body));
    });
    const headers = { 'idempotency-key': 'k', 'content-type': 'text/plain' };
    expect(await (await post('/pay', { headers, body: 'five' })).text()).toBe('five');
    expect(await (await post('/pay', { headers, body: 'five' })).text()).toBe('five');
    expect((await post('/pay', { headers, body: 'six' })).status).toBe(422);
  });

  it('judges an error by the answer that an error handler gives it', async () => {
    const { engine, post } = await serving((app, once) => {
      app.post('/:status', once, (request, _response, next) => {
        next(Object.assign(new Error('no'), { status: Number(request.params['status']) }));
      });
      app.use(
        (error: { status: number }, _request: Request, response: Answer, _next: NextFunction) => {
          response.status(error.status).json({ error: 'no' });
        },
      );
    });
    for (const status of [422, 429, 500]) {
      const headers = { 'idempotency-key': `k${status}` };
      expect((await post(`/${status}`, { headers })).status).toBe(status);
    }
    expect(engine.steps).toEqual(['complete', 'release', 'hold']);
  });

  it('lets a handler that fails halfway be answered whole', async () => {
    const { engine, post } = await serving((app, once) => {
      app.post('/pay', once, (_request, response, next) => {
        response.write('half of it');
        next(new Error('boom'));
      });
    });
    const response = await post('/pay');
    const text = await response.text();
    expect([response.status, text.slice(0, 9), text.includes('half')]).toEqual([
      500,
      '<!DOCTYPE',
      false,
    ]);
    expect(engine.steps).toEqual(['hold']);
  });

  it('releases the key of an error that is marked, where it is told of errors', async () => {
    const { engine, post } = await serving((app, once) => {
      app.post('/:marked', once, (request, _response, next) => {
        const error = Object.assign(new Error('not connected'), { status: 410 });
        next(request.params['marked'] === 'yes' ? safeToRetry(error) : error);
      });
      app.post('/none/protected', (_request, _response, next) =>
        next(safeToRetry(Object.assign(new Error('no'), { status: 410 }))),
      );
      app.use(idempotentErrors);
    });
    for (const path of ['/yes', '/no', '/none/protected']) {
      const headers = { 'idempotency-key': path };
      expect((await post(path, { headers })).status).toBe(410);
    }
    expect(engine.steps).toEqual(['release', 'complete']);
  });

  it('keeps what is compressed in front of it as it was before, so that each client can read it', async () => {
    const { engine, post } = await serving((app, once) => {
      app.use(compressing);
      app.post(
        '/pay',
        once,
        (_request, response) => void response.type('text').send('a'.repeat(100)),
      );
    });
    const plain = { 'idempotency-key': 'k', 'accept-encoding': 'identity' };
    const packed = { 'idempotency-key': 'k', 'accept-encoding': 'gzip' };
    for (const headers of [packed, plain, packed]) {
      const response = await post('/pay', { headers });
      expect(await response.text()).toBe('a'.repeat(100));
      expect(response.headers.get('content-encoding')).toBe(headers === packed ? 'gzip' : null);
    }
    expect([...engine.kept.values()][0]).toContain('"text":"aaa');
  });
});

/** What compressing middleware does: takes the place of `end`. */
function compressing(request: Request, response: Answer, next: NextFunction): void {
  if (request.headers['accept-encoding'] !== 'gzip') return next();
  const { end } = response;
  response.end = ((chunk: Uint8Array) => {
    // Of a list it makes nothing, as `compressible` does.
    if (typeof response.getHeader('content-type') !== 'string')
      return end.call(response, chunk, 'utf8');
    response.removeHeader('content-length');
    response.setHeader('content-encoding', 'gzip');
    return end.call(response, gzipSync(chunk), 'utf8');
  }) as typeof end;
  next();
}
