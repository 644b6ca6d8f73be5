/** A POST of Fastify that happens once for each key. Run it: `node examples/idempotency/fastify.ts`. */
import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { sqliteStore } from 'holdfast/sqlite';
import { askTwice, charge, database, type Order } from './shop.ts';

const app = Fastify({ forceCloseConnections: true });
app.register(holdfast, { idempotency: { store: sqliteStore(database) } });

const config = { holdfast: { idempotent: { required: true } } };
app.post('/charge', { config }, async (request, reply) => {
  reply.code(201);
  return charge(request.body as Order);
});

await app.listen({ port: 0, host: '127.0.0.1' });
await askTwice((app.server.address() as AddressInfo).port);
await app.close();
