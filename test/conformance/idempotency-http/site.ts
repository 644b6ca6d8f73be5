import { connect } from 'node:net';
import {
  type Execution,
  idempotency,
  type Idempotency,
  type IdempotencyOptions,
  type IdempotencyStore,
} from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { onTestFinished } from 'vitest';
import type {
  HttpIdempotencyOptions,
  RouteOptions,
} from '../../../packages/holdfast/src/server/idempotency/http.ts';

/** What a route's handler is told, whatever the framework. */
export interface Call {
  readonly method: string;
  /** `POST /charge`, `POST /binary`, `POST /stream`, `POST /fail`, `PUT /thing/:id` or `GET /charge`. */
  readonly route: string;
  /** Which thing, of `/thing/:id`. */
  readonly id?: string | undefined;
  /** The JSON that came; undefined for none. */
  readonly body: unknown;
  readonly execution: Execution<unknown> | undefined;
}

/** What a route's handler answers, unless it throws. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Text, bytes, or a stream; default none. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

export type Handle = (call: Call) => Reply | Promise<Reply>;

/** How a server is set up. */
export interface SiteOptions {
  readonly engine: Idempotency;
  readonly http: HttpIdempotencyOptions;
  readonly route: RouteOptions;
}

/** Headers that a server sets for all answers before anything else, as CORS does. */
export const FOR_ALL = { 'Access-Control-Allow-Origin': '*', Vary: 'Origin' };

/** A server of some framework, with the routes that `Call.route` names, all but the GET idempotent. */
export type Serve = (handle: Handle, options: SiteOptions) => Promise<RunningServer>;

export interface RunningServer {
  readonly port: number;
  /** What asks in place of `fetch` where the server does not speak HTTP/1. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Ends its connections as well. */
  close(): Promise<void>;
}

/** What a test says of a site, beyond the defaults. */
export interface About {
  readonly store?: IdempotencyStore;
  readonly engine?: Omit<Partial<IdempotencyOptions>, 'store' | 'mode'>;
  readonly http?: HttpIdempotencyOptions;
  readonly route?: RouteOptions;
}

/** A running site, gone when the test is over. */
export interface Site {
  readonly port: number;
  /** What the handler was asked, in order. */
  readonly calls: readonly Call[];
  readonly engine: Idempotency;
  send(path: string, request?: Partial<Sent>): Promise<Answer>;
  /** The response, unread. */
  fetch(path: string, request?: Partial<Sent>): Promise<Response>;
}

export interface Sent {
  readonly method: string;
  readonly key: string;
  readonly body: unknown;
  readonly headers: Record<string, string>;
  /** In chunks, so that nothing tells its length. */
  readonly chunked: boolean;
  readonly signal: AbortSignal;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
}

export async function site(serve: Serve, handle: Handle, about: About = {}): Promise<Site> {
  const store = about.store ?? memoryStore();
  const engine = idempotency({ store, ...about.engine });
  const calls: Call[] = [];
  const counted: Handle = (call) => {
    calls.push(call);
    return handle(call);
  };
  const http: HttpIdempotencyOptions = { methods: ['POST', 'PATCH', 'PUT'], ...about.http };
  const server = await serve(counted, { engine, http, route: about.route ?? {} });
  onTestFinished(async () => {
    await server.close();
    await engine.close();
  });
  const send = server.fetch ?? fetch;
  const request = (path: string, sent: Partial<Sent> = {}): Promise<Response> =>
    send(`http://127.0.0.1:${server.port}${path}`, initOf(sent));
  return {
    port: server.port,
    calls,
    engine,
    fetch: request,
    send: async (path, sent) => answerOf(await request(path, sent)),
  };
}

function initOf(sent: Partial<Sent>): RequestInit {
  const { method = 'POST', key, body = { amount: 5 }, headers, chunked = false, signal } = sent;
  const hasBody = method !== 'GET' && body !== null;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    method,
    redirect: 'manual',
    headers: {
      ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      ...(hasBody ? { 'Content-Type': 'application/json' } : {}),
      ...headers,
    },
    body: hasBody ? (chunked ? new Blob([text]).stream() : text) : null,
    ...(chunked ? { duplex: 'half' } : {}),
    signal: signal ?? null,
  };
}

async function answerOf(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes, text: bytes.toString() };
}

/** Sends bytes as they are, and resolves with all that comes back until the server ends the connection. */
export async function raw(port: number, lines: readonly string[], body = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const head = [...lines, 'Host: a', 'Connection: close', `Content-Length: ${body.length}`];
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('latin1');
}

/** A problem's status and type, as its body says. */
export function problemIn(answer: Answer): { status: number; type: string } {
  const { status, type } = JSON.parse(answer.text) as { status: number; type: string };
  return { status, type };
}

/** A promise, and what fulfils it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** An answer of two events, the second of which waits. */
export function twoEvents(opened: Promise<void>): Reply {
  const body = (async function* () {
    yield Buffer.from('data: 1\n\n');
    await opened;
    yield Buffer.from('data: 2\n\n');
  })();
  return { status: 200, headers: { 'Content-Type': 'text/event-stream' }, body };
}

/** A store of which some methods act differently. */
export function altered(change: Partial<IdempotencyStore>): IdempotencyStore {
  const store = memoryStore();
  return new Proxy(store, {
    get: (target, name) => {
      const own = change[name as keyof IdempotencyStore];
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
