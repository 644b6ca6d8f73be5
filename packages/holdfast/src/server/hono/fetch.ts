import type { Execution } from '../../idempotency/index.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import { type HoldLimits, isEventStream, readUpTo } from '../idempotency/bounded-stream.ts';
import type {
  AnswerHead,
  HandlerAnswer,
  HttpAnswer,
  HttpIdempotency,
  HttpRun,
  RouteOptions,
} from '../idempotency/http.ts';

/** What a request is, where its framework knows more of it than the request itself. */
export interface FetchContext {
  /** The route's template: `/orders/:id`. Default the path. */
  readonly route?: string | undefined;
  /** What `tenant` is given. Default the request. */
  readonly source?: unknown;
  readonly options?: RouteOptions | undefined;
  /** What the handler threw, where a framework has made an answer of it. Default none. */
  readonly thrown?: (() => unknown) | undefined;
  /**
   * The status of an answer that the handler has sent by itself, past its framework; undefined for one that is still to be
   * sent. Default: none is.
   */
  readonly sent?: ((response: Response) => number | undefined) | undefined;
  /**
   * Is given what to call when the answer has left or its client has gone: the engine's `close({ wait })` waits for that
   * as well. Default: an answer has left when it is given back.
   */
  readonly whenLeft?: ((left: () => void) => void) | undefined;
}

/**
 * Answers one request as `fetch` shows it. The request that `next` is given has its body, though that was read here,
 * and a signal that the client's going away does not abort: what has begun is done to its end. Without
 * `execution` the request takes no part.
 *
 * @throws (the promise rejects) what `next` throws.
 */
export async function answerOnce(
  http: HttpIdempotency,
  request: Request,
  context: FetchContext,
  next: (request: Request, execution?: Execution<unknown>) => Promise<Response>,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  let forwarded: Request | undefined;
  const begun = await http.begin({
    method: request.method,
    route: context.route ?? pathname,
    url: pathname + search,
    headers: Object.fromEntries(request.headers),
    body: async () => {
      const body = await readBody(request, http.limits.requestBody);
      if (body.kind === 'bytes') forwarded = detached(request, body.bytes);
      return body;
    },
    source: context.source ?? request,
    options: context.options,
    signal: () => request.signal,
    whenLeft: context.whenLeft,
  });
  if (begun.kind === 'pass') return next(forwarded ?? request);
  if (begun.kind === 'answer') return responseOf(begun.answer);
  const { run } = begun;
  try {
    forwarded ??= detached(request);
    const response = await next(forwarded, run.execution);
    return await keep(run, response, context, http.limits.response);
  } catch (error) {
    await run.fail(error);
    throw error;
  }
}

/** The answer, once it is durable. */
async function keep(
  run: HttpRun,
  response: Response,
  { thrown, sent }: FetchContext,
  limits: HoldLimits,
): Promise<Response> {
  // First, since some servers' own Response learns the type of a text with its body.
  const { body } = response;
  const head: AnswerHead = { status: response.status, headers: [...response.headers] };
  const error = thrown?.();
  if (isSafeToRetry(error)) {
    await run.fail(error);
    return response;
  }
  const status = sent?.(response);
  if (status !== undefined) {
    await run.finishUnkept({ status, headers: [] });
    return response;
  }
  if (body === null) return sendable(run, { ...head, body: new Uint8Array() }, response);
  if (isEventStream(response.headers.get('content-type'))) {
    return unkept(run, head, response);
  }
  const read = await readUpTo(body, limits);
  if (read.kind === 'beyond') return unkept(run, head, new Response(read.stream, initOf(response)));
  return sendable(run, { ...head, body: read.bytes }, new Response(read.bytes, initOf(response)));
}

/** Of a ponyfill's response, servers would not know the headers as what they are. */
function initOf(response: Response): ResponseInit {
  const { status, statusText, headers } = response;
  return headers instanceof Headers ? response : { status, statusText, headers: [...headers] };
}

async function sendable(
  run: HttpRun,
  answer: HandlerAnswer,
  response: Response,
): Promise<Response> {
  const instead = await run.finish(answer);
  return instead === null ? response : responseOf(instead);
}

async function unkept(run: HttpRun, head: AnswerHead, response: Response): Promise<Response> {
  const instead = await run.finishUnkept(head);
  if (instead === null) return response;
  await response.body?.cancel();
  return responseOf(instead);
}

function responseOf({ status, headers, body }: HttpAnswer): Response {
  const init = { status, headers: headers.map(([name, value]): [string, string] => [name, value]) };
  // A 204 may not even have a body of no bytes.
  return new Response(body.byteLength === 0 ? null : (body as Uint8Array<ArrayBuffer>), init);
}

/**
 * The same request, without the client's signal; with its own body, or with what was read of it. Of its parts, since not
 * every request is one that the runtime takes for its own: Next.js has a proxy.
 */
function detached(request: Request, read?: Uint8Array<ArrayBuffer>): Request {
  const { method, headers } = request;
  return new Request(request.url, { method, headers, body: read ?? request.body, duplex: 'half' });
}

async function readBody(request: Request, limit: number): Promise<HeldBody> {
  const told = request.headers.get('content-length');
  if (Number(told) > limit) return { kind: 'too-large' };
  if (told !== null && Number(told) <= limit) {
    // Without a stream, which on Node costs more than all the rest.
    return { kind: 'bytes', bytes: new Uint8Array(await request.arrayBuffer()) };
  }
  const { body } = request;
  if (body === null) return { kind: 'none' };
  const read = await readUpTo(body, { bytes: limit, time: Infinity });
  return read.kind === 'whole' ? { kind: 'bytes', bytes: read.bytes } : { kind: 'too-large' };
}

type HeldBody =
  | { readonly kind: 'none' | 'too-large' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> };
