import { type IncomingMessage, ServerResponse } from 'node:http';
import { holdResponse, isHeld } from '../idempotency/held-response.ts';
import { pathOf } from '../idempotency/node-exchange.ts';
import { bodyOf } from '../idempotency/node-request.ts';
import type { Exchange } from './platform.ts';

/** As much of Express's request as is used here. */
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl: string;
  readonly baseUrl: string;
  readonly body?: unknown;
  readonly route?: { readonly path: unknown };
}

export function isOfExpress(response: object): response is ServerResponse {
  return response instanceof ServerResponse;
}

/** On Express the response is Node's own, and is held as it is written. */
export function onExpress(given: object, response: ServerResponse, limit: number): Exchange {
  const request = given as ExpressRequest;
  const { originalUrl: url, baseUrl, route } = request;
  const about = {
    url,
    route: route === undefined ? pathOf(url) : baseUrl + String(route.path),
    body: () => bodyOf(request, request.body, limit),
    source: request,
  };
  return {
    node: { request, response, about },
    isHeld: isHeld(response),
    get status() {
      return response.statusCode;
    },
    hold: (run, limits) => holdResponse(response, run, limits),
    end: () => void response.end(),
  };
}
