/** A POST of Hono that happens once for each key. Run it: `node examples/idempotency/hono.ts`. */
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { idempotent } from 'holdfast/hono';
import { idempotency } from 'holdfast/idempotency';
import { sqliteStore } from 'holdfast/sqlite';
import { askTwice, charge, database, type Order } from './shop.ts';

const engine = idempotency({ name: 'charges', store: sqliteStore(database) });

const app = new Hono();
app.post('/charge', idempotent(engine, { required: true }), async (context) =>
  context.json(await charge(await context.req.json<Order>()), 201),
);

const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, async ({ port }) => {
  await askTwice(port);
  server.close();
  (server as Server).closeAllConnections();
  await engine.close();
});
