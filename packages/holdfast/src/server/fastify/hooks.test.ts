import Fastify, { type FastifyInstance } from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { afterEach, describe, expect, test } from 'vitest';
import { storeOver } from '../../../torture/store-over.ts';

const config = { holdfast: { idempotent: true } };
const apps: FastifyInstance[] = [];
afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

/** As the hook that Fastify's own documentation shows: it knows text alone. */
const cents = async (_request: unknown, _reply: unknown, payload: unknown) =>
  (payload as string).replace('cents', 'ct');

describe('an onSend hook that knows text alone', () => {
  test.each(['before', 'after'])('%s the plugin sees replays and refusals as text', async (at) => {
    const app = site(at);
    app.post('/charge', { config }, async () => ({ cents: 995 }));
    const first = await ask(app, '/charge', { item: 'tea' });
    const replay = await ask(app, '/charge', { item: 'tea' });
    expect([first.statusCode, replay.statusCode]).toEqual([200, 200]);
    expect([first.body, replay.body]).toEqual(['{"ct":995}', '{"ct":995}']);
    expect(replay.headers).toMatchObject({
      'idempotent-replayed': 'true',
      'content-type': first.headers['content-type'],
    });
    const refused = await ask(app, '/charge', { item: 'coffee' });
    expect(refused.statusCode).toBe(422);
    expect(refused.headers['content-type']).toBe('application/problem+json');
  });

  test('sees as text what is sent in place of an answer', async () => {
    const app = site('after', storeOver(memoryStore(), { complete: async () => false }));
    app.post('/charge', { config }, async () => ({ cents: 995 }));
    const lost = await ask(app, '/charge');
    expect([lost.statusCode, lost.json().code]).toEqual([409, 'idempotency-lease-lost']);
  });
});

describe('a replay', () => {
  test('is sent as it was kept, whatever type it has and whoever serializes', async () => {
    const app = Fastify();
    apps.push(app);
    app.addHook('onRequest', async (_request, reply) => void reply.serializer(wrapped));
    app.register(holdfast, { idempotency: { store: memoryStore() } });
    app.post('/object', { config }, async () => ({ cents: 995 }));
    app.post('/json', { config }, (_request, reply) =>
      reply.type('application/json').send(Buffer.from('{}')),
    );
    app.post('/bytes', { config }, async () => Buffer.from([0, 255]));
    for (const path of ['/object', '/json', '/bytes']) {
      const first = await ask(app, path);
      const replay = await ask(app, path);
      expect(replay.headers).toMatchObject({ 'idempotent-replayed': 'true' });
      expect([path, replay.rawPayload]).toEqual([path, first.rawPayload]);
      expect(replay.headers['content-type']).toBe(first.headers['content-type']);
    }
  });

  test('of which a hook fails is an answer of the error handler', async () => {
    const app = site('none');
    let fails = false;
    app.addHook('onSend', async () => {
      if (fails) throw new Error('no more');
    });
    app.setErrorHandler((error: Error, _request, reply) => {
      fails = false;
      return reply.code(502).send({ told: error.message });
    });
    app.post('/charge', { config }, async () => ({ cents: 995 }));
    await ask(app, '/charge');
    fails = true;
    const failed = await ask(app, '/charge');
    expect([failed.statusCode, failed.json()]).toEqual([502, { told: 'no more' }]);
  });
});

const wrapped = (payload: unknown) => JSON.stringify({ wrapped: payload });

function site(hook: string, store = memoryStore()): FastifyInstance {
  const app = Fastify();
  apps.push(app);
  if (hook === 'before') app.addHook('onSend', cents);
  app.register(holdfast, { idempotency: { store } });
  if (hook === 'after') app.after(() => void app.addHook('onSend', cents));
  return app;
}

function ask(app: FastifyInstance, url: string, payload: object = {}) {
  return app.inject({ method: 'POST', url, payload, headers: { 'idempotency-key': 'k1' } });
}
