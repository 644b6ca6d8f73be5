import { once } from 'node:events';
import { connect } from 'node:http2';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type ArgumentsHost, type INestApplication, Res } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { idempotencyInterceptor } from 'holdfast/nest';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ChargeAbout, send, serveCharge } from '../../../test/nest-charge.ts';

const serve = (about: ChargeAbout) => serveCharge({ adapter: new FastifyAdapter(), ...about });

test('an answer is kept as it was before it was compressed, so that each client can read it', async () => {
  const handler = vi.fn<() => string>(() => 'a'.repeat(100));
  const port = await serve({ handler, set: (app) => fastifyOf(app).register(compress) });
  for (const coding of ['gzip', 'identity', 'gzip']) {
    const answer = await send(port, '/charge', { headers: { 'Accept-Encoding': coding } });
    expect(answer.text).toBe('a'.repeat(100));
    expect(answer.headers.get('content-encoding')).toBe(coding === 'gzip' ? 'gzip' : null);
  }
  expect(handler).toHaveBeenCalledOnce();
});

test('a marked handler does not run where no module has Fastify show what is sent', async () => {
  const handler = vi.fn<() => string>(() => 'done');
  const port = await serve({ handler, options: null, set: interceptAgain });
  expect((await send(port)).text).toContain(
    'TypeError: @Idempotent() on Shop.charge: on the Fastify platform it needs HoldfastModule',
  );
  expect(handler).not.toHaveBeenCalled();
});

test('an interceptor further in leaves the answer to that of the module', async () => {
  const handler = vi.fn<() => string>(() => 'done');
  const port = await serve({ handler, set: interceptAgain });
  expect((await send(port)).text).toBe('done');
  expect(await send(port)).toMatchObject({ text: 'done', replayed: 'true' });
  expect(handler).toHaveBeenCalledOnce();
});

test('over HTTP/2 a repeat gets the first answer', async () => {
  const handler = vi.fn<() => string>(() => 'done');
  const port = await serve({ adapter: new FastifyAdapter({ http2: true }), handler });
  const client = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => client.destroy());
  for (const replayed of [undefined, 'true']) {
    const asked = client.request({
      ':method': 'POST',
      ':path': '/charge',
      'idempotency-key': 'k1',
    });
    const [headers] = (await once(asked.end(), 'response')) as [Record<string, unknown>];
    expect([await text(asked), headers['idempotent-replayed']]).toEqual(['done', replayed]);
  }
  expect(handler).toHaveBeenCalledOnce();
});

test("Fastify's own plugin may serve routes beside those of Nest", async () => {
  let runs = 0;
  const set = (app: INestApplication) => {
    const fastify = fastifyOf(app);
    fastify.register(holdfast, { idempotency: { store: memoryStore() } });
    const config = { holdfast: { idempotent: true } };
    fastify.register(async (inner) => void inner.post('/own', { config }, async () => ++runs));
  };
  const port = await serve({ handler: () => ++runs, set });
  for (const path of ['/charge', '/own']) {
    const first = await send(port, path);
    expect(await send(port, path)).toMatchObject({ text: first.text, replayed: 'true' });
  }
  expect(runs).toBe(2);
});

test('a response that a handler takes over is not kept, and its work is not done again', async () => {
  const handler = vi.fn<(reply: FastifyReply) => void>((reply) => {
    reply.hijack();
    reply.raw.end('done');
  });
  const port = await serve({ handler, parameters: [Res()] });
  expect((await send(port)).text).toBe('done');
  await vi.waitFor(async () => expect((await send(port)).text).toContain('not-replayable'));
  expect(handler).toHaveBeenCalledOnce();
});

/** By an interceptor beside that of the module; errors are told as they are. */
function interceptAgain(app: INestApplication): void {
  app.useGlobalInterceptors(idempotencyInterceptor(idempotency({ store: memoryStore() })));
  app.useGlobalFilters({
    catch: (error: unknown, host: ArgumentsHost) =>
      host.switchToHttp().getResponse<FastifyReply>().code(500).send(String(error)),
  });
}

function fastifyOf(app: INestApplication): FastifyInstance {
  return app.getHttpAdapter().getInstance() as FastifyInstance;
}

/** As @fastify/compress does: a hook for each route. */
const compress = Object.assign(
  async (app: FastifyInstance) => {
    app.addHook('onRoute', (route) => {
      route.onSend = async (request: FastifyRequest, reply: FastifyReply, payload: unknown) => {
        if (request.headers['accept-encoding'] !== 'gzip') return payload;
        reply.header('content-encoding', 'gzip');
        return gzipSync(payload as string);
      };
    });
  },
  { [Symbol.for('skip-override')]: true },
);
