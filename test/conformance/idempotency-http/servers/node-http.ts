import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { json } from 'node:stream/consumers';
import { type IdempotentRequest, idempotent } from 'holdfast/node-http';
import { FOR_ALL, type Handle, type Reply, type Serve, type SiteOptions } from '../site.ts';
import { type NodeListener, overHttp2 } from './http2.ts';
import { listening } from './listening.ts';

/** node:http, the wrapper around the one listener. */
export const serveNodeHttp: Serve = async (handle, options) =>
  listening(createServer(listenerOf(handle, options)));

/** The same listener over HTTP/2. */
export const serveNodeHttp2: Serve = (handle, options) => overHttp2(listenerOf(handle, options));

function listenerOf(handle: Handle, { engine, http, route }: SiteOptions): NodeListener {
  const listener = idempotent(engine, { ...http, ...route })(answering(handle));
  return (request, response) => {
    for (const [name, value] of Object.entries(FOR_ALL)) response.setHeader(name, value);
    listener(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500).end();
    });
  };
}

function answering(handle: Handle) {
  return async (request: IdempotentRequest, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', idempotency: execution } = request;
    const id = /^\/thing\/(.*)$/.exec(url)?.[1];
    const route = id === undefined ? `${method} ${url}` : `${method} /thing/:id`;
    const body: unknown = method === 'GET' ? undefined : await json(request).catch(() => undefined);
    await send(response, await handle({ method, route, id, body, execution }));
  };
}

async function send(response: ServerResponse, { status, headers, body }: Reply): Promise<void> {
  response.writeHead(status, headers);
  if (typeof body === 'object' && Symbol.asyncIterator in body) {
    await pipeline(Readable.from(body), response);
  } else {
    response.end(body);
  }
}
