import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { Idempotency } from '@node-idempotency/core';
import { MemoryStorageAdapter } from '@node-idempotency/storage-adapter-memory';
import { RedisStorageAdapter } from '@node-idempotency/storage-adapter-redis';
import express from 'express';
import { getSharedIdempotencyService, idempotency } from 'express-idempotency';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { createClient } from 'redis';

/** node-idempotency: its core by the hooks that it documents, since its Fastify package is not published. */
export function nodeMemory(app: FastifyInstance): void {
  glue(app, new Idempotency(new MemoryStorageAdapter()));
}

export async function nodeRedis(app: FastifyInstance, port: number): Promise<void> {
  const storage = new RedisStorageAdapter({ url: `redis://127.0.0.1:${port}` });
  await storage.connect();
  glue(app, new Idempotency(storage));
}

/** Its core asked before the handler, and told after it. */
function glue(app: FastifyInstance, core: Idempotency): void {
  app.addHook('preHandler', async (request, reply) => {
    const before = await core.onRequest(asked(request));
    if (before !== undefined) await reply.send(before.body);
  });
  app.addHook('onSend', async (request, reply, payload) => {
    const { statusCode } = reply;
    await core.onResponse(asked(request), { body: payload, additional: { statusCode } });
    return payload;
  });
}

function asked({ headers, body, url, method }: FastifyRequest) {
  return {
    headers: headers as Record<string, unknown>,
    body: body as Record<string, unknown>,
    path: url,
    method,
  };
}

/** Without a timer of its own for each command, which costs node-redis 6 more than the command; who uses it has one. */
export const fastRedis = { commandOptions: { timeout: 0 } };

/** Powertools, outside of Lambda: with a context, or two of 50 duplicates run. */
export function powertools(answer: object, port: number) {
  return async (app: FastifyInstance): Promise<void> => {
    const client = createClient({ url: `redis://127.0.0.1:${port}`, ...fastRedis });
    await client.connect();
    const persistenceStore = new CachePersistenceLayer({ client });
    const config = new IdempotencyConfig({
      eventKeyJmesPath: 'key',
      throwOnNoIdempotencyKey: true,
    });
    config.registerLambdaContext({ getRemainingTimeInMillis: () => 30_000 } as never);
    const charge = makeIdempotent(async (_event: { key: string }) => answer, {
      persistenceStore,
      config,
    });
    app.post('/charge', (request) => charge({ key: String(request.headers['idempotency-key']) }));
  };
}

/** Its Redis adapter lets duplicates through, so only its memory is measured. */
export function expressIdempotency(app: express.Express, answer: object): void {
  app.use(express.json(), idempotency());
  app.post('/charge', (request, response) => {
    if (!getSharedIdempotencyService().isHit(request)) response.json(answer);
  });
}
