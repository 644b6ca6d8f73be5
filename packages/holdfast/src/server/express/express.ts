import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Execution, Idempotency } from '../../idempotency/idempotency.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import { httpIdempotency } from '../idempotency/http-idempotency.ts';
import { beginExchange, type HeldRun, pathOf } from '../idempotency/node-exchange.ts';
import { bodyOf } from '../idempotency/node-request.ts';
import type { HttpIdempotencyOptions } from '../idempotency/options.ts';
import { sendAnswer } from '../idempotency/response-head.ts';

/** As much of Express's request as is used here, of version 4 and of version 5. */
export interface ExpressRequestLike extends IncomingMessage {
  readonly originalUrl: string;
  readonly baseUrl: string;
  /** What a body parser has made of the body. */
  readonly body?: unknown;
  /** The route that the middleware was given with; undefined under `app.use`. */
  readonly route?: { readonly path: unknown };
  /** The execution that it is handled under; undefined if it takes no part, or goes on unprotected. */
  idempotency?: Execution<unknown>;
}

/** Middleware for `app.post(path, idempotent(engine), handler)`. */
export type ExpressMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

declare global {
  // Express's own way to tell what middleware adds.
  namespace Express {
    interface Request {
      /** The execution that it is handled under; undefined if it takes no part, or goes on unprotected. */
      idempotency?: Execution<unknown>;
    }
  }
}

/**
 * Makes routes of Express 4 and 5 happen once for each key.
 *
 * ```ts
 * app.post('/charge', express.json(), idempotent(engine, { required: true }), async (req, res) => {
 *   res.status(201).json(await card.charge(req.body, req.idempotency?.keyFor('card')));
 * });
 * ```
 *
 * It belongs behind authentication, rate limits and body parsers, and before everything that has effects. Where
 * nobody has parsed the body it is read here, and can be read again, as by multer behind it. Errors that a handler
 * throws or hands on become answers in an error handler, and are judged as such: by their status; put
 * `idempotentErrors` before it where errors are marked by `safeToRetry`. A parser that keeps files apart from `req.body` belongs behind it, or two requests with other files would be equal.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function idempotent<Source extends IncomingMessage = ExpressRequestLike>(
  engine: Idempotency<unknown>,
  options?: HttpIdempotencyOptions<Source>,
): ExpressMiddleware {
  const http = httpIdempotency(engine, options);
  return async (given, response, next) => {
    const request = given as ExpressRequestLike;
    const body = () => bodyOf(request, request.body, http.limits.requestBody);
    const about = { route: routeOf(request), url: request.originalUrl, body, source: request };
    try {
      const begun = await beginExchange(http, { request, response, about });
      if (begun.kind === 'answer') return sendAnswer(response, begun.answer);
      if (begun.kind === 'run') {
        request.idempotency = begun.run.execution;
        (request as Running)[RUN] = begun;
      }
    } catch (error) {
      // A body of which there is nothing, or a record whose headers Node cannot send. Express 4 would not see it.
      return next(error);
    }
    next();
  };
}

/**
 * An error handler that only looks: an error marked by `safeToRetry` releases its request's key, and every error is handed
 * on. It belongs before the others: `app.use(idempotentErrors)`.
 */
export async function idempotentErrors(
  error: unknown,
  request: IncomingMessage,
  _response: ServerResponse,
  next: (error?: unknown) => void,
): Promise<void> {
  const running = (request as Running)[RUN];
  if (running !== undefined && !running.held.isEnded && isSafeToRetry(error)) {
    running.held.letGo();
    await running.run.fail(error);
  }
  next(error);
}

/** Where a request keeps its run, for `idempotentErrors`. */
const RUN: unique symbol = Symbol('holdfast.run');

type Running = IncomingMessage & { [RUN]?: HeldRun };

/** The route's template, with where its router is mounted; the path under `app.use`. */
function routeOf({ route, baseUrl, originalUrl }: ExpressRequestLike): string {
  return route === undefined ? pathOf(originalUrl) : baseUrl + String(route.path);
}
