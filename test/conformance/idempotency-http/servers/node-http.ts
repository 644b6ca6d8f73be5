import { createServer, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { json } from 'node:stream/consumers';
import { type IdempotentRequest, idempotent } from 'holdfast/node-http';
import type { Handle, Reply, Serve } from '../site.ts';
import { listening } from './listening.ts';

/** node:http, the wrapper around the one listener. */
export const serveNodeHttp: Serve = async (handle, { engine, http, route }) => {
  const listener = idempotent(engine, { ...http, ...route })(answering(handle));
  const server = createServer((request, response) => {
    listener(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500).end();
    });
  });
  return listening(server);
};

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
