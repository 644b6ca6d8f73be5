/** A POST of Koa that happens once for each key. Run it: `node examples/idempotency/koa.ts`. */
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { idempotency } from 'holdfast/idempotency';
import { idempotent } from 'holdfast/koa';
import { sqliteStore } from 'holdfast/sqlite';
import Koa from 'koa';
import { askTwice, charge, database, type Order } from './shop.ts';

const engine = idempotency({ name: 'charges', store: sqliteStore(database) });

const app = new Koa();
app.use(idempotent(engine, { required: true }));
app.use(async (context) => {
  context.status = 201;
  context.body = await charge((await json(context.req)) as Order);
});

const server = app.listen(0, '127.0.0.1', async () => {
  await askTwice((server.address() as AddressInfo).port);
  server.close();
  server.closeAllConnections();
  await engine.close();
});
