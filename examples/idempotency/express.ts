/** A POST of Express that happens once for each key. Run it: `node examples/idempotency/express.ts`. */
import type { AddressInfo } from 'node:net';
import express from 'express';
import { idempotent } from 'holdfast/express';
import { idempotency } from 'holdfast/idempotency';
import { sqliteStore } from 'holdfast/sqlite';
import { askTwice, charge, database, type Order } from './shop.ts';

const engine = idempotency({ name: 'charges', store: sqliteStore(database) });

const app = express();
app.use(express.json());
// Express 5 waits for the promise.
// oxlint-disable-next-line oxc/no-async-endpoint-handlers
app.post('/charge', idempotent(engine, { required: true }), async (request, response) => {
  response.status(201).json(await charge(request.body as Order));
});

const server = app.listen(0, '127.0.0.1', async () => {
  await askTwice((server.address() as AddressInfo).port);
  server.close();
  server.closeAllConnections();
  await engine.close();
});
