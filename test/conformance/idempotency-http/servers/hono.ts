import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { idempotent } from 'holdfast/hono';
import type { Handle, Serve } from '../site.ts';

/** Hono 4 on Node's server, the middleware before each handler. */
export const serveHono: Serve = async (handle, { engine, http, route }) => {
  const app = new Hono();
  const idempotently = idempotent(engine, { ...http, ...route });
  for (const path of ['/charge', '/binary', '/stream', '/fail']) {
    app.post(path, idempotently, answering(handle, `POST ${path}`));
  }
  app.put('/thing/:id', idempotently, answering(handle, 'PUT /thing/:id'));
  app.get('/charge', idempotently, answering(handle, 'GET /charge'));
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, close };
};

function answering(handle: Handle, route: string) {
  return async (c: Context): Promise<Response> => {
    const text = await c.req.text();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { method } = c.req;
    const execution = c.get('idempotency');
    const answer = await handle({ method, route, id: c.req.param('id'), body, execution });
    const headers = new Headers();
    for (const [name, values] of Object.entries(answer.headers ?? {})) {
      for (const value of [values].flat()) headers.append(name, value);
    }
    const { status, body: sent = null } = answer;
    return new Response(sent as ConstructorParameters<typeof Response>[0], { status, headers });
  };
}
