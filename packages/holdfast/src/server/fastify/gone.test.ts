import Fastify, { type FastifyInstance } from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { expect, onTestFinished, test, vi } from 'vitest';
import { storeOver } from '../../../torture/store-over.ts';

const config = { holdfast: { idempotent: true } };

/** A site whose first request's client leaves: before its key is looked up, or while its handler works. */
function site(when: 'before' | 'meanwhile', leave: () => void): FastifyInstance {
  const gone = Promise.withResolvers<void>();
  const store = memoryStore();
  const late = storeOver(store, {
    claim: async (request) => {
      if (when === 'before') await gone.promise;
      return store.claim(request);
    },
  });
  const app = Fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  app.addHook('onRequest', (_request, reply, done) => {
    reply.raw.once('close', () => gone.resolve());
    if (when === 'before') leave();
    done();
  });
  app.register(holdfast, { idempotency: { store: late } });
  app.post('/charge', { config }, async (_request, reply) => {
    leave();
    await gone.promise;
    reply.hijack();
    reply.raw.end('mine');
  });
  return app;
}

async function charge(url: string, signal?: AbortSignal): Promise<string> {
  const headers = { 'Idempotency-Key': 'k1' };
  const response = await fetch(`${url}/charge`, {
    method: 'POST',
    headers,
    signal: signal ?? null,
  });
  return response.text();
}

test.each(['before', 'meanwhile'] as const)(
  'a response that is taken over when its client has gone, %s, is of unknown outcome, and not in progress for an hour',
  async (when) => {
    const leaving = new AbortController();
    const app = site(when, () => leaving.abort());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    await expect(charge(url, leaving.signal)).rejects.toThrow('aborted');
    await vi.waitFor(async () => expect(await charge(url)).toContain('outcome-unknown'));
  },
);
