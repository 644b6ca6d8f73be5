/** A POST of node:http that happens once for each key. Run it: `node examples/idempotency/node-http.ts`. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { idempotency } from 'holdfast/idempotency';
import { idempotent } from 'holdfast/node-http';
import { sqliteStore } from 'holdfast/sqlite';
import { askTwice, charge, database, type Order } from './shop.ts';

const engine = idempotency({ name: 'charges', store: sqliteStore(database) });
const once = idempotent(engine, { required: true });

const chargeOnce = once(async (request, response) => {
  const receipt = await charge((await json(request)) as Order);
  response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify(receipt));
});

const server = createServer((request, response) => {
  chargeOnce(request, response).catch(() => {
    if (!response.headersSent) response.writeHead(500);
    response.end();
  });
});

server.listen(0, '127.0.0.1', async () => {
  await askTwice((server.address() as AddressInfo).port);
  server.close();
  server.closeAllConnections();
  await engine.close();
});
