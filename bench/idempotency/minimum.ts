import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import { createClient } from 'redis';
import { fastRedis } from './peers.ts';

type Request = FastifyRequest & { place?: string };

/** Milliseconds that an answer is kept. */
const RETENTION = 86_400_000;
const expiration = { type: 'PX', value: RETENTION } as const;

/**
 * The least that a route with a key does, straight in Fastify's hooks: it hashes the key and the request, takes the key
 * if nobody has it, and keeps the answer. It knows no lease, no owner, no outage and no replay, so it is of no use but
 * to show how much is left for all of these.
 */
export function memoryMinimum(app: FastifyInstance): void {
  const records = new Map<string, { fingerprint: string; expiresAt: number; answer: string }>();
  app.decorateRequest('place');
  app.addHook('preHandler', (request: Request, _reply, done) => {
    const place = (request.place = placeOf(request));
    if (records.has(place)) return done(KNOWN);
    const expiresAt = performance.now() + RETENTION;
    records.set(place, { fingerprint: fingerprintOf(request), expiresAt, answer: '' });
    done();
  });
  app.addHook('onSend', (request: Request, reply, payload, done) => {
    records.get(request.place!)!.answer = answerOf(reply, payload);
    // With the other answers of this turn: as those that wait for Redis leave, too.
    setImmediate(done, null, payload);
  });
}

/** The same with two commands of Redis' own. */
export async function redisMinimum(app: FastifyInstance, port: number): Promise<void> {
  const redis = createClient({ url: `redis://127.0.0.1:${port}`, ...fastRedis });
  await redis.connect();
  app.decorateRequest('place');
  app.addHook('preHandler', async (request: Request) => {
    const place = (request.place = placeOf(request));
    const taken = await redis.set(place, fingerprintOf(request), { condition: 'NX', expiration });
    if (taken === null) throw KNOWN;
  });
  app.addHook('onSend', async (request: Request, reply, payload) => {
    await redis.set(request.place!, answerOf(reply, payload), { expiration });
    return payload;
  });
}

const KNOWN = new Error('the key is known');

function placeOf({ headers }: FastifyRequest): string {
  return hash('sha256', `POST /charge ${String(headers['idempotency-key'])}`, 'base64url');
}

function fingerprintOf({ body }: FastifyRequest): string {
  return hash('sha256', `POST /charge ${JSON.stringify(body)}`, 'base64url');
}

function answerOf(reply: FastifyReply, payload: unknown): string {
  const { statusCode: status } = reply;
  return JSON.stringify({ status, headers: reply.getHeaders(), payload });
}
