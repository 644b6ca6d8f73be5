/** A client and a server of Holdfast's: a POST with a key may be sent again at any time. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dependency } from 'holdfast';
import { resilientFetch, resultOf } from 'holdfast/fetch';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { idempotent } from 'holdfast/node-http';
import { expect, onTestFinished, test } from 'vitest';

test('an attempt that was cut while its work went on is answered by a later one', async () => {
  const { promise: refusal, resolve: refused } = Promise.withResolvers<void>();
  let charges = 0;
  const handler = idempotent(idempotency({ store: memoryStore() }))(async (_, response) => {
    charges++;
    // Longer than the client waits, and than its next attempt needs to come.
    await refusal;
    response.writeHead(201).end(`receipt ${charges}`);
  });
  const server = createServer((request, response) => {
    response.once('finish', () => response.statusCode === 409 && refused());
    void handler(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close().closeAllConnections());

  // A budget is earned by calls that succeed, and there were none.
  const retry = { budget: false } as const;
  const payments = dependency('payments', { protocol: 'http', timeout: '300ms', retry });
  const { port } = server.address() as AddressInfo;
  const response = await resilientFetch(payments)(`http://127.0.0.1:${port}/charge`, {
    method: 'POST',
    headers: { 'Idempotency-Key': 'order-1' },
    body: '{"cents":995}',
  });
  expect([response.status, await response.text()]).toEqual([201, 'receipt 1']);
  expect(response.headers.get('Idempotent-Replayed')).toBe('true');
  const { attempts } = resultOf(response)!;
  expect(attempts.map(({ verdict }) => verdict)).toEqual(['timeout', 'overload', 'success']);
  expect(payments.snapshot()).toMatchObject({ 'circuit-breaker': { calls: 2, failures: 1 } });
  expect(charges).toBe(1);
});
