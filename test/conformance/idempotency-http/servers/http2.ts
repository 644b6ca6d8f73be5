import { once } from 'node:events';
import {
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { RunningServer } from '../site.ts';

/** What the frameworks on node:http make to be listened with. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A listener of node:http over HTTP/2 without TLS, by Node's compatibility layer. */
export function overHttp2(listener: NodeListener): Promise<RunningServer> {
  // The same at run time, as far as the layer goes; its types do not say so.
  return listeningHttp2(createServer(listener as never));
}

/** A server of node:http2 on a free port, and a client of it, which ends with it. */
export async function listeningHttp2(server: Http2Server): Promise<RunningServer> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect(`http://127.0.0.1:${port}`);
  const close = async (): Promise<void> => {
    client.destroy();
    server.close();
    await once(server, 'close');
  };
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const { pathname, search } = new URL(url);
    const headers = Object.fromEntries(new Headers(init.headers));
    const { method = 'GET' } = init;
    const body = init.body ? await new Response(init.body).text() : null;
    const head = { ...headers, ':method': method, ':path': pathname + search };
    const stream = client.request(head, { endStream: body === null });
    init.signal?.addEventListener('abort', () => stream.close(constants.NGHTTP2_CANCEL));
    if (body !== null) stream.end(body);
    return responseOf(stream);
  };
  return { port, close, fetch };
}

async function responseOf(stream: ClientHttp2Stream): Promise<Response> {
  const closed = once(stream, 'close').then(() => Promise.reject(new Error('the request aborted')));
  closed.catch(() => {});
  const [given] = (await Promise.race([once(stream, 'response'), closed])) as [IncomingHttpHeaders];
  const headers = new Headers();
  for (const [name, values] of Object.entries(given)) {
    if (name.startsWith(':')) continue;
    for (const value of [values!].flat()) headers.append(name, value);
  }
  const status = Number(given[':status']);
  const hasBody = status !== 204 && status !== 304;
  if (!hasBody) stream.resume();
  // As fetch does.
  const decoded = headers.get('content-encoding') === 'gzip' ? stream.pipe(createGunzip()) : stream;
  const body = hasBody ? (Readable.toWeb(decoded) as ReadableStream<Uint8Array>) : null;
  return new Response(body, { status, headers });
}
