import type { IncomingMessage, ServerResponse } from 'node:http';
import { isThenable } from '../../core/edge.ts';
import { show } from '../../core/options.ts';
import type { Execution, Idempotency } from '../../idempotency/idempotency.ts';
import { httpIdempotency } from '../idempotency/http-idempotency.ts';
import { beginExchange, type HeldRun, pathOf } from '../idempotency/node-exchange.ts';
import { bodyOf } from '../idempotency/node-request.ts';
import type { HttpIdempotencyOptions } from '../idempotency/options.ts';
import { sendAnswer } from '../idempotency/response-head.ts';

/** A request as the listener is given it. */
export interface IdempotentRequest extends IncomingMessage {
  /** The execution that it is handled under; undefined if it takes no part, or goes on unprotected. */
  idempotency?: Execution<unknown>;
}

/** What handles requests; a promise that it answers is waited for. */
export type Listener = (request: IdempotentRequest, response: ServerResponse) => unknown;

/** A listener for `createServer`. Rejects with what the wrapped one throws. */
export type IdempotentListener = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void>;

/**
 * Makes listeners of node:http happen once for each key.
 *
 * ```ts
 * const once = idempotent(engine, { required: true });
 * createServer(once(async (request, response) => {
 *   const receipt = await card.charge(await json(request), request.idempotency?.keyFor('card'));
 *   response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(receipt));
 * }));
 * ```
 *
 * The body is read here, and can be read again; one that was read in front is compared by what a parser has put
 * into `request.body`. The answer is held until it is recorded. What the
 * listener throws leaves its outcome unknown (unless marked by `safeToRetry`), and is thrown on: as without
 * this, an error that nobody catches ends the process. node:http knows no routes: the path is the route.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function idempotent(
  engine: Idempotency<unknown>,
  options?: HttpIdempotencyOptions<IncomingMessage>,
): (listener: Listener) => IdempotentListener {
  const http = httpIdempotency(engine, options);
  return (listener) => {
    if (typeof listener !== 'function')
      throw new TypeError(`idempotent needs a listener to wrap, got ${show(listener)}`);
    return async (request, response) => {
      const url = request.url ?? '';
      const { requestBody: limit } = http.limits;
      const body = () => bodyOf(request, (request as { readonly body?: unknown }).body, limit);
      const about = { route: pathOf(url), url, body, source: request };
      const begun = await beginExchange(http, { request, response, about });
      switch (begun.kind) {
        case 'pass':
          await listener(request, response);
          break;
        case 'answer':
          sendAnswer(response, begun.answer);
          break;
        case 'run':
          await runHeld(begun, listener, request, response);
      }
    };
  };
}

async function runHeld(
  { run, held }: HeldRun,
  listener: Listener,
  request: IdempotentRequest,
  response: ServerResponse,
): Promise<void> {
  request.idempotency = run.execution;
  try {
    const result = listener(request, response);
    if (!isThenable(result)) return;
    await result;
    held.handlerSettled();
  } catch (error) {
    // One that has answered has said what happened.
    if (!held.isEnded) {
      held.letGo();
      await run.fail(error);
    }
    throw error;
  }
}
