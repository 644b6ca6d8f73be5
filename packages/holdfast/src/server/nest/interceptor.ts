import { isPlainObject } from '../../core/options.ts';
import type { Idempotency } from '../../idempotency/index.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import {
  type HttpAnswer,
  httpIdempotency,
  type HttpIdempotency,
  type HttpIdempotencyOptions,
  type HttpRun,
} from '../idempotency/http.ts';
import { isDestroyed } from '../idempotency/http2.ts';
import { Leaving } from '../idempotency/leaving.ts';
import { beginUnheld } from '../idempotency/node-exchange.ts';
import { CLOSING } from '../idempotency/options.ts';
import { type Marks, marksOf, notByHttp, refuseUnasked } from './decorator.ts';
import { type Exchange, exchangeOf, type Held } from './platform.ts';
import type {
  CallHandlerLike,
  ExecutionContextLike,
  NestInterceptorLike,
  NestRequestLike,
} from './types.ts';

/** The options of HTTP; a handler says by itself that it takes part, so by default all methods may. */
export type NestIdempotencyOptions<Source extends object = NestRequestLike> =
  HttpIdempotencyOptions<Source>;

/**
 * Makes handlers that are marked with `@Idempotent()` happen once for each key, in NestJS 12 on Express or Fastify.
 *
 * ```ts
 * const app = await NestFactory.create(AppModule);
 * app.useGlobalInterceptors(idempotencyInterceptor(engine), ...others);
 * ```
 *
 * It must be the outermost interceptor. Guards come before it, so a replay is given only to who may have it; what
 * it keeps is what leaves in the end: behind the other interceptors, serialisers and exception filters. A handler
 * finds its execution on the request: `request.idempotency`. An answer of the handler's own (`@Res()`) is held like
 * any other; a handler of events (`@Sse()`) and one that is not called by HTTP are refused with a TypeError. On Fastify it
 * needs `HoldfastModule`, which puts it in front of the application and has Fastify show what is sent.
 *
 * rxjs is not imported: what is given back is no Observable but an async iterable, which rxjs takes in
 * its place. That also keeps Nest from unsubscribing from a handler whose client has gone: it is done to its end.
 *
 * @throws TypeError, RangeError for wrong options; TypeError if a method without a route is marked, or a class without one:
 *   Nest may ask no interceptor there.
 */
export function idempotencyInterceptor<Source extends object = NestRequestLike>(
  engine: Idempotency<unknown>,
  options?: NestIdempotencyOptions<Source>,
): NestInterceptorLike {
  refuseUnasked();
  const methods = ['POST', 'PATCH', 'PUT', 'DELETE'];
  // What is no object of options is handed on as it is, to be refused.
  const given = options === undefined || isPlainObject(options) ? { methods, ...options } : options;
  return new IdempotencyInterceptor(httpIdempotency(engine, given));
}

class IdempotencyInterceptor implements NestInterceptorLike {
  readonly #http: HttpIdempotency;
  readonly #leaving = new Leaving();

  constructor(http: HttpIdempotency) {
    this.#http = http;
  }

  async intercept<Handled>(
    context: ExecutionContextLike,
    next: CallHandlerLike<Handled>,
  ): Promise<Handled> {
    const marks = marksOf(context);
    const { options, answersItself } = marks;
    if (options === undefined || (marks.isSse && !marks.isOwn)) return next.handle();
    const exchange = exchangeOf(
      context,
      checkedName(context, marks),
      this.#http.limits.requestBody,
    );
    if (exchange.isHeld) return next.handle();
    const { request, response, about } = exchange.node;
    const begun = await beginUnheld(this.#http, {
      request,
      response,
      about: { ...about, options },
      leaving: this.#leaving,
    });
    if (begun.kind === 'pass') return next.handle();
    if (begun.kind === 'answer') {
      exchange.hold(replacing(begun.answer), UNLIMITED);
      if (answersItself) exchange.end();
      return [undefined] as Handled;
    }
    const { run } = begun;
    (about.source as NestRequestLike).idempotency = run.execution;
    const held = exchange.hold(run, this.#http.limits.response);
    return detached(next.handle() as Subscribable, {
      run,
      held,
      exchange,
      answersItself,
    }) as Handled;
  }

  /** Nest closes the server next. */
  beforeApplicationShutdown(): Promise<void> {
    return this.#leaving.over(CLOSING.wait);
  }
}

/** As much of an Observable as is needed. */
interface Subscribable {
  subscribe(observer: {
    next(value: unknown): void;
    error(error: unknown): void;
    complete(): void;
  }): unknown;
}

/** A handler at work. */
interface Work {
  readonly run: HttpRun;
  readonly held: Held;
  readonly exchange: Exchange;
  readonly answersItself: boolean;
}

/** The handler's last value, which is what Nest sends. The handler goes on to its end even if nobody takes it any more. */
async function* detached(handled: Subscribable, work: Work): AsyncGenerator<unknown> {
  const { run, held, answersItself } = work;
  const { response } = work.exchange.node;
  let isTaken = false;
  let stream: object | undefined;
  try {
    const last = await lastOf(handled);
    stream = answersItself ? undefined : streamOf(last[0]);
    yield* last;
    const isPiped = stream !== undefined;
    // Nest pipes a stream only to a client that is there.
    isTaken = !(isPiped && isDestroyed(response));
    // The pipe breaks off when the client goes.
    if (isPiped && isTaken) response.once('close', () => void neverSent(work, stream));
  } catch (error) {
    isTaken = true;
    if (isSafeToRetry(error)) await run.fail(error);
    // Nest may send no answer for it: then the outcome is unknown.
    else if (isDestroyed(response)) held.handlerSettled();
    throw error;
  } finally {
    if (!isTaken) await neverSent(work, stream);
    else if (answersItself) held.handlerSettled();
  }
}

/**
 * The client has gone, and Nest answers nobody: it was done, and there is no answer to keep. But a generator is work
 * of the handler's own, which Nest breaks off then, or never begins.
 */
async function neverSent({ run, held, exchange }: Work, stream?: object): Promise<void> {
  if (held.isEnded) return;
  held.letGo();
  if (stream === undefined || isOutput(stream)) {
    await run.finishUnkept({ status: exchange.status, headers: [] });
  } else await run.fail(new Error('the client went away before what the handler yields had ended'));
}

/** The last value, or none. */
function lastOf(handled: Subscribable): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    let last: unknown[] = [];
    handled.subscribe({
      next: (value) => (last = [value]),
      error: reject,
      complete: () => resolve(last),
    });
  });
}

/** What Nest sends piece by piece: such a value, or one that an interceptor has put into a plain object. */
function streamOf(value: unknown): object | undefined {
  const inside = isPlainObject(value) ? Object.values(value) : [];
  return [value, ...inside].find(isStreamed);
}

function isStreamed(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return isOutput(value) || (Symbol.asyncIterator in value && !('then' in value));
}

/** What the handler has made by now: a `StreamableFile`, a `Response`, or a stream of Node's or of the web. */
function isOutput(value: object): boolean {
  const isStream = Symbol.asyncIterator in value && ('pipe' in value || 'getReader' in value);
  return isStream || 'getStream' in value || value instanceof Response;
}

/** A run whose end is always this answer: it leaves in place of what Nest sends, in whatever way. */
function replacing(answer: HttpAnswer): HttpRun {
  return {
    execution: undefined as never,
    finish: async () => answer,
    finishUnkept: async () => answer,
    fail: async () => {},
  };
}

/** Nothing that Nest sends is too large or too slow to be replaced. */
const UNLIMITED = { bytes: Infinity, time: Infinity };

/** @throws TypeError for what is not called by HTTP, and for events. */
function checkedName(context: ExecutionContextLike, marks: Marks): string {
  const name = `${(context.getClass() as { name?: string }).name}.${marks.name}`;
  const type = context.getType();
  if (type !== 'http') throw new TypeError(notByHttp(name, type));
  if (marks.isSse) {
    throw new TypeError(`@Idempotent() on ${name}: events of @Sse() cannot be replayed`);
  }
  return name;
}
