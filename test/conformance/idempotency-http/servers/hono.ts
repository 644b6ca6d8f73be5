import type { Server } from 'node:http';
import { createServer, type Http2Server } from 'node:http2';
import { createAdaptorServer } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { idempotent } from 'holdfast/hono';
import { FOR_ALL, type Handle, type Serve, type SiteOptions } from '../site.ts';
import { listeningHttp2 } from './http2.ts';
import { listening } from './listening.ts';

/** Hono 4 on Node's server, the middleware before each handler. */
export const serveHono: Serve = async (handle, options) => {
  const { fetch } = appOf(handle, options);
  return listening(createAdaptorServer({ fetch }) as Server);
};

/** The same over HTTP/2. */
export const serveHonoHttp2: Serve = async (handle, options) => {
  const { fetch } = appOf(handle, options);
  return listeningHttp2(createAdaptorServer({ fetch, createServer }) as Http2Server);
};

function appOf(handle: Handle, { engine, http, route }: SiteOptions): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(FOR_ALL)) c.header(name, value);
    await next();
  });
  const idempotently = idempotent(engine, { ...http, ...route });
  for (const path of ['/charge', '/binary', '/stream', '/fail']) {
    app.post(path, idempotently, answering(handle, `POST ${path}`));
  }
  app.put('/thing/:id', idempotently, answering(handle, 'PUT /thing/:id'));
  app.get('/charge', idempotently, answering(handle, 'GET /charge'));
  return app;
}

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
