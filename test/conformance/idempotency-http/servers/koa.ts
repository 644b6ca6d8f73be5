import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import Koa, { type Context } from 'koa';
import { idempotent } from 'holdfast/koa';
import { FOR_ALL, type Handle, type Serve, type SiteOptions } from '../site.ts';
import { type NodeListener, overHttp2 } from './http2.ts';
import { listening } from './listening.ts';

/** Koa, the middleware before the one that answers. */
export const serveKoa: Serve = async (handle, options) =>
  listening(createServer(listenerOf(handle, options)));

/** The same over HTTP/2. */
export const serveKoaHttp2: Serve = (handle, options) => overHttp2(listenerOf(handle, options));

function listenerOf(handle: Handle, { engine, http, route }: SiteOptions): NodeListener {
  const app = new Koa();
  app.silent = true;
  app.use((context, next) => (context.set(FOR_ALL), next()));
  app.use(idempotent(engine, { ...http, ...route }));
  app.use(answering(handle));
  return app.callback();
}

function answering(handle: Handle) {
  return async (context: Context): Promise<void> => {
    const { method, path, state } = context;
    const id = /^\/thing\/(.*)$/.exec(path)?.[1];
    const route = id === undefined ? `${method} ${path}` : `${method} /thing/:id`;
    const body: unknown =
      method === 'GET' ? undefined : await json(context.req).catch(() => undefined);
    const execution = state['idempotency'];
    const answer = await handle({ method, route, id, body, execution });
    context.status = answer.status;
    const { body: sent } = answer;
    const isStream = typeof sent === 'object' && Symbol.asyncIterator in sent;
    if (isStream) context.body = Readable.from(sent, { objectMode: false });
    else if (typeof sent === 'object') context.body = Buffer.from(sent);
    else context.body = sent ?? '';
    context.status = answer.status;
    if (sent === undefined) context.remove('Content-Type');
    context.set(answer.headers ?? {});
  };
}
