import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { holdfast } from 'holdfast/fastify';
import { FOR_ALL, type Handle, type Serve, type SiteOptions } from '../site.ts';
import { listeningHttp2 } from './http2.ts';

/** Fastify 5, with the plugin registered as its page says, and each route declared in the same breath. */
export const serveFastify: Serve = async (handle, options) => {
  const app = Fastify({ forceCloseConnections: true, bodyLimit: 10_000_000 });
  declare(app, handle, options);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return { port, close: () => app.close() };
};

/** The same over HTTP/2. */
export const serveFastifyHttp2: Serve = async (handle, options) => {
  const app = Fastify({ http2: true, bodyLimit: 10_000_000 });
  // The same instance, as far as routes go; its types tell the two apart.
  declare(app as unknown as FastifyInstance, handle, options);
  await app.ready();
  const server = await listeningHttp2(app.server);
  return { ...server, close: () => server.close() };
};

function declare(app: FastifyInstance, handle: Handle, { engine, http, route }: SiteOptions): void {
  app.addHook('onRequest', async (_request, reply) => void reply.headers(FOR_ALL));
  app.register(holdfast, { idempotency: { ...http, engine } });
  const config = { holdfast: { idempotent: route } };
  for (const path of ['/charge', '/binary', '/stream', '/fail']) {
    app.post(path, { config }, answering(handle, `POST ${path}`));
  }
  app.put('/thing/:id', { config }, answering(handle, 'PUT /thing/:id'));
  app.get('/charge', { config }, answering(handle, 'GET /charge'));
}

function answering(handle: Handle, route: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { method, body, params, idempotency: execution } = request;
    const { id } = params as { id?: string };
    const answer = await handle({ method, route, id, body, execution });
    reply.code(answer.status).headers(answer.headers ?? {});
    const { body: sent } = answer;
    const isStream = typeof sent === 'object' && Symbol.asyncIterator in sent;
    return reply.send(isStream ? Readable.from(sent, { objectMode: false }) : sent);
  };
}
