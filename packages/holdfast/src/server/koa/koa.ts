import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Execution, Idempotency } from '../../idempotency/idempotency.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import {
  type HoldLimits,
  isEventStream,
  readUpTo,
  webStreamOf,
} from '../idempotency/bounded-stream.ts';
import {
  type AnswerHead,
  type HttpAnswer,
  httpIdempotency,
  type HttpRun,
} from '../idempotency/http-idempotency.ts';
import { isDestroyed } from '../idempotency/http2.ts';
import { beginExchange, type HeldRun } from '../idempotency/node-exchange.ts';
import { bodyOf } from '../idempotency/node-request.ts';
import type { HttpIdempotencyOptions } from '../idempotency/options.ts';

/** As much of Koa's context as is used here; it is what `tenant` is given. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly path: string;
  readonly originalUrl: string;
  readonly request: { readonly body?: unknown };
  readonly response: { readonly headers: Readonly<Record<string, unknown>> };
  /** `state.idempotency` is the execution that a request is handled under. */
  readonly state: Record<string, unknown> & { idempotency?: Execution<unknown> };
  /** The route's template, of @koa/router. */
  readonly _matchedRoute?: unknown;
  respond?: boolean | undefined;
  status: number;
  body: unknown;
  length: number;
  append(name: string, value: string): void;
  remove(name: string): void;
}

export type KoaMiddleware = (
  context: KoaContextLike,
  next: () => Promise<unknown>,
) => Promise<void>;

/**
 * Makes what is behind it in Koa happen once for each key.
 *
 * ```ts
 * app.use(idempotent(engine, { required: true }));
 * app.use(async (ctx) => {
 *   ctx.body = await card.charge(ctx.request.body, ctx.state.idempotency?.keyFor('card'));
 * });
 * ```
 *
 * It belongs behind authentication, rate limits, body parsers and what compresses, and before everything that
 * has effects. Given as a route's middleware it knows the route's template, else the path is the route. Where
 * nobody has parsed the body it is read here, and can be read again. An error that is thrown becomes an answer
 * further out, and is judged as such: by its status, unless it is marked by `safeToRetry`.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function idempotent<Source extends object = KoaContextLike>(
  engine: Idempotency<unknown>,
  options?: HttpIdempotencyOptions<Source>,
): KoaMiddleware {
  const http = httpIdempotency(engine, options);
  return async (context, next) => {
    const { req: request, res: response, originalUrl: url, path, _matchedRoute } = context;
    const route = typeof _matchedRoute === 'string' ? _matchedRoute : path;
    const body = () => bodyOf(request, context.request.body, http.limits.requestBody);
    const about = { route, url, body, source: context };
    const begun = await beginExchange(http, { request, response, about });
    switch (begun.kind) {
      case 'pass':
        await next();
        break;
      case 'answer':
        answer(context, begun.answer);
        break;
      case 'run':
        context.state.idempotency = begun.run.execution;
        await runHeld(begun, context, next, http.limits.response);
    }
  };
}

/**
 * The context's body is recorded here, before those further out do anything with it, as what compresses would. What is
 * written past Koa, and the answer that an error becomes further out, is recorded when it ends.
 */
async function runHeld(
  { run, held }: HeldRun,
  context: KoaContextLike,
  next: () => Promise<unknown>,
  limits: HoldLimits,
): Promise<void> {
  try {
    await next();
  } catch (error) {
    if (isSafeToRetry(error) && !held.isEnded) {
      held.letGo();
      await run.fail(error);
    }
    // Koa answers no error whose client has gone.
    held.handlerSettled();
    throw error;
  }
  const { body, respond } = context;
  if (respond === false) held.handlerSettled();
  if (respond === false || held.isEnded || body === undefined || body === null) return;
  const instead = await recorded(run, context, limits).catch((error: unknown) => {
    // The stream has failed, or Koa has ended it, since its client has gone.
    held.handlerSettled();
    throw error;
  });
  held.letGo();
  if (instead === null) return;
  held.resetHeaders();
  answer(context, instead);
}

/** Tells the run of the context's body, which can then still be sent; answers what to send in its place, or null. */
async function recorded(
  run: HttpRun,
  context: KoaContextLike,
  limits: HoldLimits,
): Promise<HttpAnswer | null> {
  const head = headOf(context);
  const stream = streamOf(context.body);
  let body: Uint8Array;
  if (stream === null) {
    body = bytesOf(context.body);
  } else {
    const isEvents = isEventStream(String(context.response.headers['content-type']));
    const read = isEvents ? { kind: 'beyond' as const, stream } : await readUpTo(stream, limits);
    if (read.kind === 'beyond') {
      // Instead of the body that has been read from: the rest comes after it.
      setBody(context, Readable.fromWeb(read.stream as Parameters<typeof Readable.fromWeb>[0]));
      const instead = await run.finishUnkept(head);
      // Over HTTP/2, Koa leaves a stream open that was set when its client had gone. In place of another it closes it.
      if (isDestroyed(context.res)) setBody(context, Buffer.alloc(0));
      return instead;
    }
    body = read.bytes;
    setBody(context, sendable(read.bytes, head), read.bytes.length);
  }
  return run.finish({ ...head, body });
}

/** Another form of the same body: status and headers stay. */
function setBody(context: KoaContextLike, body: unknown, length?: number): void {
  const { status } = context;
  context.body = body;
  if (length !== undefined) context.length = length;
  context.status = status;
}

function answer(context: KoaContextLike, { status, headers, body }: HttpAnswer): void {
  context.status = status;
  context.body = sendable(body, { headers });
  // After the body: setting it, Koa sets the type, or removes it.
  for (const name of CONTENT_HEADERS) context.remove(name);
  for (const [name] of headers) context.remove(name);
  for (const [name, value] of headers) context.append(name, value);
  context.length = body.length;
}

/**
 * A file is sent as a stream: sent all at once, Node spoils a name that is not ASCII; see `endWhole`. Its length, which
 * Koa does not know then, is set last, since Node spoils the name as well where the length comes before it.
 */
function sendable(bytes: Uint8Array, { headers }: Pick<AnswerHead, 'headers'>): Buffer | Readable {
  const isFile = headers.some(([name]) => name.toLowerCase() === 'content-disposition');
  return isFile && bytes.length > 0 ? Readable.from([Buffer.from(bytes)]) : Buffer.from(bytes);
}

/** But for the length, which is the body's own. */
const CONTENT_HEADERS = ['content-encoding', 'content-type', 'etag'];

function headOf({ status, response }: KoaContextLike): AnswerHead {
  const headers = Object.entries(response.headers).flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value];
    return values.map((one) => [name, String(one)] as const);
  });
  return { status, headers };
}

/** Null for what is no stream. */
function streamOf(body: unknown): ReadableStream<Uint8Array> | null {
  if (body instanceof Blob) return body.stream();
  if (body instanceof Response) return body.body ?? new Blob([]).stream();
  if (body instanceof Readable || body instanceof ReadableStream) return webStreamOf(body);
  // Of another copy of Node's streams, or of the old kind: Koa sends those as well.
  const isStream = typeof (body as { readonly pipe?: unknown }).pipe === 'function';
  return isStream ? webStreamOf(new Readable().wrap(body as Readable)) : null;
}

/** As Koa writes it. */
function bytesOf(body: unknown): Uint8Array {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
