import type { IncomingMessage, ServerResponse } from 'node:http';
import { Running } from '../fastify/answer.ts';
import { RUN, type RunningRequest, watch } from '../fastify/keep-answers.ts';
import { bodyOf, whyUnparsed } from '../fastify/request-body.ts';
import type { ReplyLike } from '../fastify/types.ts';
import type { RequestBody } from '../idempotency/http.ts';
import { pathOf } from '../idempotency/node-exchange.ts';
import { readBody } from '../idempotency/node-request.ts';
import { OF_A_BODY } from '../idempotency/response-head.ts';
import { whenClosed } from '../idempotency/when-closed.ts';
import type { Exchange, Held } from './platform.ts';

type Request = RunningRequest & { readonly raw: IncomingMessage; readonly originalUrl: string };
type Reply = ReplyLike & { readonly raw: ServerResponse };

export function isOfFastify(response: object): response is Reply {
  return 'raw' in response && 'hijack' in response;
}

/**
 * On Fastify the answer is kept in `onSend`, as by Fastify's own plugin: there it is not yet compressed for this client
 * alone.
 *
 * @throws TypeError where the module has not called `keepAnswers` when the application started: Fastify takes no hooks later.
 */
export function onFastify(
  given: object,
  reply: Reply,
  { name, limit }: { readonly name: string; readonly limit: number },
): Exchange {
  const request = given as Request;
  if (!(RUN in request)) {
    throw new TypeError(
      `@Idempotent() on ${name}: on the Fastify platform it needs HoldfastModule, which has Fastify show what is sent`,
    );
  }
  const { originalUrl: url, routeOptions } = request;
  const route = routeOptions.url ?? pathOf(url);
  const body = () => bodyFor(request, route, limit);
  return {
    node: {
      request: request.raw,
      response: reply.raw,
      about: { url, route, body, source: request },
    },
    isHeld: request[RUN] !== undefined,
    get status() {
      return reply.statusCode;
    },
    hold: (run, limits) => {
      const running = new Running(run, headersForAll(reply), limits);
      request[RUN] = running;
      watch(running, reply);
      return heldIn(running, reply);
    },
    end: () => void reply.send(),
  };
}

/** What a parser has made of it; one that is left to an interceptor, as a form with files is, is read and given back. */
function bodyFor(
  request: Request,
  route: string,
  limit: number,
): RequestBody | Promise<RequestBody> {
  const { raw } = request;
  if (!raw.readableDidRead && !raw.readableEnded) return readBody(raw, limit);
  const unparsed = whyUnparsed(request, route);
  if (unparsed !== undefined) throw unparsed;
  return bodyOf(request, limit);
}

/** Without what a handler's `@Header()` says of its body: they are set before interceptors. */
function headersForAll(reply: Reply): Running['before'] {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).filter(([header]) => !OF_A_BODY.includes(header)),
  );
}

function heldIn(running: Running, reply: Reply): Held {
  const neverAnswers = (): void => {
    if (running.isOver || running.told !== null) return;
    running.isOver = true;
    void running.run.fail(new Error('the handler has not answered'));
  };
  return {
    // And not before: what it sends may be a stream, which ends with its client.
    get isEnded() {
      return running.isOver;
    },
    letGo: () => void (running.isOver = true),
    handlerSettled: () => whenClosed(reply.raw, neverAnswers),
  };
}
