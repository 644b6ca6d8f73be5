// Only so that the compiler finds what is augmented below; nothing of it is in what is emitted.
/// <reference types="fastify" />
import type { Execution } from '../../idempotency/idempotency.ts';
import type { RouteOptions } from '../idempotency/http-idempotency.ts';

/**
 * As much of Fastify 5 as the plugin touches. Its own types are not imported, so that the declarations of this
 * package stand on their own where Fastify is not installed.
 */
export interface FastifyLike {
  decorateRequest(name: string | symbol, value?: unknown): unknown;
  hasRequestDecorator(name: string | symbol): boolean;
  addHook(name: 'preHandler', hook: PreHandler): unknown;
  addHook(name: 'onError', hook: OnError): unknown;
  addHook(name: 'onSend', hook: OnSend): unknown;
  addHook(name: 'preClose' | 'onClose', hook: () => Promise<void>): unknown;
}

export interface RequestLike {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
  /** Node's own. */
  readonly raw: object;
  readonly routeOptions: {
    readonly url?: string | undefined;
    readonly config?: { readonly holdfast?: FastifyRouteConfig | undefined };
  };
}

export interface ReplyLike {
  readonly statusCode: number;
  /** Answered, or taken over by the handler with `hijack()`. */
  readonly sent: boolean;
  readonly raw: {
    readonly destroyed: boolean;
    readonly statusCode: number;
    readonly writableEnded: boolean;
    on(event: 'close', listener: () => void): unknown;
    once(event: 'close', listener: () => void): unknown;
    off(event: 'close', listener: () => void): unknown;
  };
  code(status: number): unknown;
  header(name: string, value: number | string | readonly string[]): unknown;
  getHeaders(): Readonly<Record<string, number | string | readonly string[] | undefined>>;
  removeHeader(name: string): unknown;
  serializer(write: (payload: unknown) => string): unknown;
  send(payload?: unknown): unknown;
  hijack(): unknown;
}

export type Done = (error?: Error | null) => void;
export type PreHandler = (request: RequestLike, reply: ReplyLike, done: Done) => void;
export type OnError = (
  request: RequestLike,
  reply: ReplyLike,
  error: Error,
  done: () => void,
) => void;
export type OnSend = (
  request: RequestLike,
  reply: ReplyLike,
  payload: unknown,
  done: (error?: Error | null, payload?: unknown) => void,
) => void | Promise<unknown>;

/** What a route says for itself: `config: { holdfast: { idempotent: true } }`. */
export interface FastifyRouteConfig {
  /** Whether its requests are done once for each key, and what it says differently. Default false. */
  readonly idempotent?: boolean | RouteOptions;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    holdfast?: FastifyRouteConfig;
  }
  interface FastifyRequest {
    /** The execution that the handler belongs to, if the request runs for a key. */
    idempotency?: Execution<unknown> | undefined;
  }
}
