// Only so that the compiler finds what is augmented below; nothing of it is in what is emitted.
/// <reference types="hono" />
import type { Execution, Idempotency } from '../../idempotency/index.ts';
import { httpIdempotency, type HttpIdempotencyOptions } from '../idempotency/http.ts';
import { type Closing, whenLeft } from '../idempotency/when-closed.ts';
import { answerOnce, type FetchContext } from './fetch.ts';

/** As much of Hono 4's context as the middleware touches; it is what `tenant` is given. */
export interface HonoContextLike {
  readonly req: {
    raw: Request;
    readonly matchedRoutes: readonly { readonly method: string; readonly path: string }[];
    arrayBuffer(): Promise<ArrayBuffer>;
  };
  /** On Node its own response is here: `outgoing`. */
  readonly env: unknown;
  /** An answer with the headers that were set so far. */
  body(data: null): Response;
  get res(): Response;
  set res(response: Response | undefined);
  readonly error: Error | undefined;
  /** Whether there is an answer. */
  readonly finalized: boolean;
  get(key: 'idempotency'): Execution<unknown> | undefined;
  set(key: 'idempotency', value: Execution<unknown>): void;
}

export type HonoMiddleware = (
  context: HonoContextLike,
  next: () => Promise<void>,
) => Promise<Response | void>;

declare module 'hono' {
  interface ContextVariableMap {
    /** The execution that the handler belongs to, if the request runs for a key. */
    idempotency: Execution<unknown> | undefined;
  }
}

/**
 * Hono 4's middleware: what is behind it happens once for each key, on Node, Bun and Deno.
 *
 * ```ts
 * app.post('/charge', idempotent(engine, { required: true }), async (c) =>
 *   c.json(await card.charge(await c.req.json(), c.get('idempotency')?.keyFor('card')), 201),
 * );
 * ```
 *
 * Whatever must come before a replay (authentication, rate limits) goes before it, and so does what compresses, so
 * that it does so for a replay as well.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function idempotent<Source extends object = HonoContextLike>(
  engine: Idempotency<unknown>,
  options?: HttpIdempotencyOptions<Source>,
): HonoMiddleware {
  const http = httpIdempotency(engine, options);
  return async (context, next) => {
    // It runs already, begun further out.
    if (context.get('idempotency') !== undefined) return next();
    let hasRun = false;
    let before: Response | undefined;
    const outgoing = outgoingOf(context);
    const about: FetchContext = {
      route: routeOf(context),
      source: context,
      thrown: () => context.error,
      sent:
        outgoing &&
        (({ headers }) => (headers.has(ALREADY_SENT) ? outgoing.statusCode : undefined)),
      whenLeft: outgoing && ((left) => whenLeft(outgoing, left)),
    };
    // Hono gives a response the headers of the one before it. Where another stands for the handler's answer, these are
    // to be those of all answers, and not the handler's.
    const forgetAnswer = (): void => {
      if (!hasRun) return;
      context.res = undefined;
      context.res = before;
    };
    let response: Response;
    try {
      response = await answerOnce(http, await unread(context), about, async (request, own) => {
        hasRun = true;
        before = answerBefore(context);
        context.req.raw = request;
        if (own !== undefined) context.set('idempotency', own);
        await next();
        // Looking at the answer would make one.
        if (!context.finalized) throw new Error('The handler has answered nothing');
        return context.res;
      });
    } catch (error) {
      forgetAnswer();
      throw error;
    }
    if (response === context.res) return;
    forgetAnswer();
    context.res = response;
  };
}

/**
 * A response with the headers that were set before the handler, such as CORS. Only browsers need them, and they send
 * `Origin`: nobody else pays for it.
 */
function answerBefore(context: HonoContextLike): Response | undefined {
  if (!context.req.raw.headers.has('origin')) return undefined;
  // A copy, since Hono goes on to set headers where it has them.
  return new Response(null, { headers: new Headers(context.body(null).headers) });
}

/** Says of an answer that its handler has written it to Node's own response (`RESPONSE_ALREADY_SENT`). */
const ALREADY_SENT = 'x-hono-already-sent';

/**
 * Node's own response, which knows what was sent, and when it has left. Other runtimes have none; on Workers anything may be
 * called `outgoing`.
 */
function outgoingOf({ env }: HonoContextLike): NodeResponse | undefined {
  const { outgoing } = (env ?? {}) as { readonly outgoing?: Partial<NodeResponse> };
  return typeof outgoing?.writableEnded === 'boolean' ? (outgoing as NodeResponse) : undefined;
}

interface NodeResponse extends Closing {
  readonly statusCode: number;
  readonly writableEnded: boolean;
}

/** The route whose handler answers: the last that matched and is not for all methods, as middleware is. */
function routeOf({ req }: HonoContextLike): string | undefined {
  return req.matchedRoutes.findLast(({ method }) => method !== 'ALL')?.path;
}

/** A validator may have read the body already: Hono has kept what it read. */
async function unread({ req }: HonoContextLike): Promise<Request> {
  if (!req.raw.bodyUsed) return req.raw;
  const { method, headers, signal, url } = req.raw;
  return new Request(url, { method, headers, signal, body: await req.arrayBuffer() });
}
