import type { FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type Http2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A session with an app that speaks HTTP/2; both are closed after the test. */
export async function sessionWith(app: FastifyInstance<Http2Server>): Promise<ClientHttp2Session> {
  await app.ready();
  app.server.listen(0, '127.0.0.1');
  await once(app.server, 'listening');
  const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
  onTestFinished(async () => {
    client.destroy();
    await app.close();
  });
  return client;
}
