import type { HoldLimits } from '../idempotency/bounded-stream.ts';
import type { HeldResponse } from '../idempotency/held-response.ts';
import type { HttpRun } from '../idempotency/http.ts';
import type { NodeExchange } from '../idempotency/node-exchange.ts';
import { isOfExpress, onExpress } from './on-express.ts';
import { isOfFastify, onFastify } from './on-fastify.ts';
import type { ExecutionContextLike } from './types.ts';

/** A request and its response: all that differs between the platforms that Nest runs on. */
export interface Exchange {
  /** Node's own of both, and what the platform knows of them. */
  readonly node: Pick<NodeExchange, 'request' | 'response' | 'about'>;
  /** Whether an interceptor further out holds the answer already. */
  readonly isHeld: boolean;
  /** The status that the answer has so far. */
  readonly status: number;
  /** Tells the run of the answer, whoever makes it, before it leaves. */
  hold(run: HttpRun, limits: HoldLimits): Held;
  /** Answers, for a handler that would do so itself. */
  end(): void;
}

/** An answer of which nothing leaves before its end has been told. */
export type Held = Pick<HeldResponse, 'isEnded' | 'letGo' | 'handlerSettled'>;

/**
 * @param name - of the handler, for errors.
 * @param limit - how much of a request's body is read, in bytes.
 * @throws TypeError on any other platform, and on Fastify without `HoldfastModule`.
 */
export function exchangeOf(context: ExecutionContextLike, name: string, limit: number): Exchange {
  const http = context.switchToHttp();
  const [request, response] = [http.getRequest() as object, http.getResponse() as object];
  if (isOfExpress(response)) return onExpress(request, response, limit);
  if (isOfFastify(response)) return onFastify(request, response, { name, limit });
  throw new TypeError(
    `@Idempotent() on ${name}: it needs the Express or the Fastify platform ` +
      '(@nestjs/platform-express, @nestjs/platform-fastify); no other is supported',
  );
}
