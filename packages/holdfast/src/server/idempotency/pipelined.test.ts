import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { idempotent } from 'holdfast/node-http';
import { expect, onTestFinished, test, vi } from 'vitest';

test('what a handler answers is kept when its client has gone, though another answer was to leave before', async () => {
  const begun: ServerResponse[] = [];
  const goesOn = Promise.withResolvers<void>();
  const once = idempotent(idempotency({ store: memoryStore() }));
  const pay = once(async (_request, response) => {
    begun.push(response);
    await goesOn.promise;
    response.end('done');
  });
  const server = createServer((request, response) => void pay(request, response));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const client = connect(port, '127.0.0.1');
  for (const key of ['k1', 'k2']) {
    client.write(
      `POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: ${key}\r\nContent-Length: 0\r\n\r\n`,
    );
  }
  await vi.waitUntil(() => begun.length === 2);
  client.destroy();
  await vi.waitUntil(() => begun.every(({ req }) => req.socket.destroyed));
  goesOn.resolve();
  for (const key of ['k1', 'k2']) {
    const headers = { 'Idempotency-Key': key };
    const again = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers });
    expect([key, await again.text()]).toEqual([key, 'done']);
  }
  expect(begun).toHaveLength(2);
});
