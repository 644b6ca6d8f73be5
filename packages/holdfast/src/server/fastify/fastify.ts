import { idempotency, type Idempotency, type IdempotencyStore } from '../../idempotency/index.ts';
import type { HoldLimits } from '../idempotency/bounded-stream.ts';
import {
  type HttpAnswer,
  type HttpBegun,
  httpIdempotency,
  type HttpIdempotency,
  type HttpIdempotencyOptions,
  type HttpRequest,
  type RouteOptions,
} from '../idempotency/http.ts';
import { Leaving } from '../idempotency/leaving.ts';
import { Gone } from '../idempotency/node-exchange.ts';
import { CLOSING, type TenantOptions } from '../idempotency/options.ts';
import { Running } from './answer.ts';
import {
  keepAnswers,
  RUN,
  type RunningRequest as Request,
  UNTYPED,
  watch,
} from './keep-answers.ts';
import { payloadOf } from './payload.ts';
import { setHead, typeOf } from './reply-head.ts';
import { bodyOf, whyUnparsed } from './request-body.ts';
import { checkPluginOptions, routeOptionsOf } from './route-config.ts';
import type { Done, FastifyLike, PreHandler, ReplyLike, RequestLike } from './types.ts';

/** What the plugin is registered with. */
export interface HoldfastFastifyOptions {
  /**
   * Makes the routes that ask for it (`config: { holdfast: { idempotent: true } }`) happen once for each key. Default
   * none.
   */
  readonly idempotency?: FastifyIdempotencyOptions | undefined;
}

/**
 * What HTTP says of idempotency, over an engine, or over a store that gets an engine of all defaults, which is closed
 * with the server, and waits up to 5 s for handlers that still run.
 */
export type FastifyIdempotencyOptions = Omit<
  HttpIdempotencyOptions,
  'methods' | 'tenant' | 'multiTenant'
> & {
  /** Default all of them: a route says by itself that it takes part. */
  readonly methods?: HttpIdempotencyOptions['methods'];
} & TenantOptions<Tenant['of']> &
  (
    | { readonly engine: Idempotency<unknown>; readonly store?: never }
    | { readonly store: IdempotencyStore; readonly engine?: never }
  );

/** A method's parameter may be narrower: so a function of a `FastifyRequest` will do. */
interface Tenant {
  of(request: RequestLike): string | undefined;
}

/**
 * Fastify 5's plugin.
 *
 * ```ts
 * app.register(holdfast, { idempotency: { store: sqliteStore('charges.db') } });
 * app.post('/charge', { config: { holdfast: { idempotent: { required: true } } } }, async (request) =>
 *   card.charge(request.body, request.idempotency?.keyFor('card')),
 * );
 * ```
 *
 * It holds for the instance it is registered with and all within, as if wrapped by fastify-plugin. A key
 * is looked up in `preHandler`, when the body has been parsed; the answer is kept in `onSend`, before it leaves and
 * before the `onSend` hooks that come later, so that what compresses does so for a replay as well. Whatever must
 * come before a replay (authentication, rate limits) belongs in `onRequest` or `preValidation`, or in a `preHandler`
 * hook of an instance that is added before: hooks of the route itself come after, and a replay ends before them.
 *
 * @throws (from `register`) TypeError, RangeError for wrong options.
 */
export const holdfast: HoldfastPlugin = Object.assign(
  async (instance: object, options: HoldfastFastifyOptions): Promise<void> => {
    checkPluginOptions(options);
    const app = instance as FastifyLike;
    if (options.idempotency === undefined) {
      app.addHook('preHandler', refuseMarked);
      return;
    }
    // In JavaScript it may be null.
    const { engine: given, store, ...rest } = options.idempotency ?? {};
    if ((given === undefined) === (store === undefined)) {
      throw new TypeError('holdfast: idempotency needs either an engine or a store');
    }
    const engine = given ?? idempotency({ store: store! });
    const methods = ['POST', 'PATCH', 'PUT', 'DELETE'];
    const about = { methods, ...rest } as HttpIdempotencyOptions;
    const http = httpIdempotency(engine, about);
    const leaving = new Leaving();
    app.decorateRequest('idempotency');
    app.addHook(
      'preHandler',
      ofMarked((marked, arrived) => beginRun({ http, leaving }, marked, arrived)),
    );
    keepAnswers(app);
    app.addHook('preClose', () => leaving.over(CLOSING.wait));
    if (given === undefined) app.addHook('onClose', () => engine.close(CLOSING));
  },
  // What fastify-plugin does: https://fastify.dev/docs/latest/Reference/Plugins/#handle-the-scope
  {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'holdfast',
    [Symbol.for('plugin-meta')]: { name: 'holdfast', fastify: '5.x' },
  },
);

/** What `register` takes; of Fastify's instance no more is said, since its own types are not imported. */
export type HoldfastPlugin = (instance: object, options: HoldfastFastifyOptions) => Promise<void>;

/** For the requests of routes that take part. */
function ofMarked(
  handle: (about: { route: string; options: RouteOptions }, arrived: Arrived) => void,
): PreHandler {
  return (request, reply, done) => {
    // Fastify makes `routeOptions` anew each time that it is asked for.
    const { url: route = request.url, config } = request.routeOptions;
    let options: RouteOptions | null;
    try {
      options = routeOptionsOf(config?.holdfast);
    } catch (error) {
      return done(error as Error);
    }
    if (options === null) done();
    else handle({ route, options }, { request, reply, done });
  };
}

/** A route that asks for what the plugin was not given would go unprotected, unseen. */
const refuseMarked = ofMarked(({ route }, { request: { method }, done }) =>
  done(
    new TypeError(
      `holdfast: ${method} ${route} is to be idempotent, and the plugin has no idempotency`,
    ),
  ),
);

/** A request in `preHandler`. */
interface Arrived {
  readonly request: Request;
  readonly reply: ReplyLike;
  readonly done: Done;
}

function beginRun(
  { http, leaving }: { readonly http: HttpIdempotency; readonly leaving: Leaving },
  about: Pick<HttpRequest, 'route' | 'options'>,
  { request, reply, done }: Arrived,
): void {
  let gone: Gone | undefined;
  let unparsed: Error | undefined;
  const begun = http.begin({
    method: request.method,
    route: about.route,
    url: request.url,
    headers: request.headers,
    body: () => {
      unparsed = whyUnparsed(request, about.route);
      if (unparsed !== undefined) throw unparsed;
      return bodyOf(request, http.limits.requestBody);
    },
    source: request,
    options: about.options,
    signal: () => (gone ??= new Gone(reply.raw)).signal,
    whenLeft: (left) => leaving.add(reply.raw, left),
  });
  const goOn = (how: HttpBegun): void => {
    gone?.forget();
    if (unparsed === undefined) act(how, { request, reply, done }, http.limits.response);
    else done(unparsed);
  };
  if (begun instanceof Promise) void begun.then(goOn);
  else goOn(begun);
}

function act(begun: HttpBegun, { request, reply, done }: Arrived, limits: HoldLimits): void {
  if (begun.kind === 'pass') return done();
  if (begun.kind === 'answer') return sendAnswer(begun.answer, request, reply, done);
  const { run } = begun;
  const running = new Running(run, headersBefore(request, reply), limits);
  request[RUN] = running;
  request.idempotency = run.execution;
  watch(running, reply);
  done();
}

function sendAnswer(answer: HttpAnswer, request: Request, reply: ReplyLike, done: Done): void {
  setHead(reply, answer);
  // Fastify gives a type to bytes without one.
  if (typeOf(answer) === '') request[UNTYPED] = true;
  reply.serializer(written);
  try {
    reply.send(answer.body.byteLength === 0 ? undefined : payloadOf(answer));
  } catch (error) {
    // A record whose headers Node cannot send.
    done(error as Error);
  }
}

/**
 * Text stays as it is: without a serializer Fastify adds to the type of JSON, and one that a hook has set would write it
 * again. What is no text is an error handler's, after a hook has failed.
 */
function written(payload: unknown): string {
  return typeof payload === 'string' ? payload : JSON.stringify(payload);
}

/** The headers for all answers, such as CORS. Only browsers need them, and they send `Origin`: nobody else pays for it. */
function headersBefore({ headers }: Request, reply: ReplyLike): Running['before'] {
  return headers['origin'] === undefined ? NO_HEADERS : reply.getHeaders();
}

const NO_HEADERS: Running['before'] = {};
