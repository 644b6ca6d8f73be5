import express from 'express';
import Fastify, { type FastifyInstance } from 'fastify';
import type { AddressInfo, Server } from 'node:net';
import { idempotency } from 'holdfast/idempotency';
import { idempotent } from 'holdfast/express';
import { holdfast } from 'holdfast/fastify';
import { memoryStore } from 'holdfast/memory';
import { redisStore } from 'holdfast/redis';
import { createClient } from 'redis';
import { memoryMinimum, redisMinimum } from './minimum.ts';
import * as peers from './peers.ts';

/** A server of `POST /charge`, the route as it is or protected in some way: answers its port. */
type Serve = (redisPort: number) => Promise<number>;

const CHARGE = { charged: 995, currency: 'EUR' };
/** As many as a run makes requests. */
const maxRecords = 5_000_000;

/** By `<framework>, <what protects it>`; `bare` is the route alone. */
export const routes: Readonly<Record<string, Serve>> = {
  'fastify, bare': () => fastifyServer(() => {}),
  'fastify, minimum, memory': () => fastifyServer((app) => memoryMinimum(app)),
  'fastify, minimum, redis': (port) => fastifyServer((app) => redisMinimum(app, port)),
  'fastify, ours, memory': () => fastifyServer((app) => ours(app, memoryStore({ maxRecords }))),
  'fastify, ours, redis': (port) =>
    fastifyServer(async (app) => ours(app, redisStore(await redisClient(port)))),
  'fastify, node-idempotency, memory': () => fastifyServer((app) => peers.nodeMemory(app)),
  'fastify, node-idempotency, redis': (port) => fastifyServer((app) => peers.nodeRedis(app, port)),
  'fastify, powertools, redis': (port) => fastifyServer(peers.powertools(CHARGE, port)),
  'express, bare': () => expressServer((app) => void app.post('/charge', express.json(), answer)),
  'express, ours, memory': () =>
    expressServer((app) => {
      const engine = idempotency({ name: 'bench', store: memoryStore({ maxRecords }) });
      app.post('/charge', express.json(), idempotent(engine), answer);
    }),
  'express, ours, redis': (port) =>
    expressServer(async (app) => {
      const engine = idempotency({ name: 'bench', store: redisStore(await redisClient(port)) });
      app.post('/charge', express.json(), idempotent(engine), answer);
    }),
  'express, express-idempotency, memory': () =>
    expressServer((app) => peers.expressIdempotency(app, CHARGE)),
};

function ours(app: FastifyInstance, store: ReturnType<typeof memoryStore>): void {
  const engine = idempotency({ name: 'bench', store });
  void app.register(holdfast, { idempotency: { engine } });
}

async function redisClient(port: number) {
  return createClient({ url: `redis://127.0.0.1:${port}`, ...peers.fastRedis }).connect();
}

/** `prepare` may define the route itself; otherwise it is the trivial one. */
async function fastifyServer(
  prepare: (app: FastifyInstance) => void | Promise<void>,
): Promise<number> {
  const app = Fastify();
  await prepare(app);
  if (!app.hasRoute({ method: 'POST', url: '/charge' })) {
    const config = { holdfast: { idempotent: true } } as object;
    app.post('/charge', { config }, async () => CHARGE);
  }
  await app.listen({ port: 0, host: '127.0.0.1' });
  return portOf(app.server);
}

async function expressServer(
  prepare: (app: express.Express) => void | Promise<void>,
): Promise<number> {
  const app = express();
  await prepare(app);
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return portOf(server);
}

function answer(_request: express.Request, response: express.Response): void {
  response.json(CHARGE);
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
