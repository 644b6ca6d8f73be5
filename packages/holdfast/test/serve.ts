import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** A request as a test's server saw it. */
export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real server on the loopback, gone when the test is over. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<Socket>;
  /** Connections that there ever were. */
  readonly connections: number;
  /** The requests whose bodies were read whole, in order. */
  readonly seen: readonly Seen[];
  close(): Promise<void>;
}

/** Answers the nth request, 1 for the first, once its body is read. */
export type Answerer = (response: ServerResponse, nth: number, seen: Seen) => void;

export async function serve(answer: Answerer): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => {});
    response.on('error', () => {});
    request.on('end', () => {
      const { method, url, headers } = request;
      const one = { method, url, headers, body: Buffer.concat(chunks).toString() };
      seen.push(one);
      answer(response, seen.length, one);
    });
  });
  server.on('connection', (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  onTestFinished(close);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    sockets,
    seen,
    get connections() {
      return connections;
    },
    close,
  };
}

/** Waits until something is so, and says what was not. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let left = 500; !isSo(); left--) {
    if (left === 0) throw new Error(`never came about: ${what}`);
    await sleep(10);
  }
}
