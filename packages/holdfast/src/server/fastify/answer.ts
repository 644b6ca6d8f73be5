import type { Awaitable } from '../../idempotency/awaitable.ts';
import { isSafeToRetry } from '../../idempotency/options.ts';
import type { HoldLimits } from '../idempotency/bounded-stream.ts';
import { isDestroyed } from '../idempotency/http2.ts';
import type { AnswerHead, HttpAnswer, HttpRun } from '../idempotency/http.ts';
import { bufferOf, closeStream, hold, payloadOf } from './payload.ts';
import { headOf, resetHead, setHead, typeOf } from './reply-head.ts';
import type { ReplyLike } from './types.ts';

/** A handler that runs for a key, and what has become of its answer. */
export class Running {
  readonly run: HttpRun;
  /** The headers that were set before the handler ran. */
  readonly before: ReturnType<ReplyLike['getHeaders']>;
  /** How much of its answer is held, and for how long. */
  readonly limits: HoldLimits;
  /** What the handler threw, if it did. */
  error: unknown = undefined;
  /** How the answer begins that is being kept, and will leave. */
  told: AnswerHead | null = null;
  /** The handler has answered again meanwhile, and changed status and headers for it. */
  isOvertaken: boolean = false;
  /** The run was told of its end: what is sent from here on is not its answer. */
  isOver: boolean = false;

  constructor(run: HttpRun, before: Running['before'], limits: HoldLimits) {
    this.run = run;
    this.before = before;
    this.limits = limits;
  }
}

/** Keeps an answer. Answers what to send, once that is durable; rejects with what the handler's stream failed with. */
export function kept(running: Running, reply: ReplyLike, payload: unknown): Awaitable<unknown> {
  return typeof payload === 'string' && running.error === undefined
    ? keepText(running, reply, payload)
    : keepOrFail(running, reply, payload);
}

/** Most payloads are text, of which nothing can fail: sent as soon as it is durable. */
function keepText(running: Running, reply: ReplyLike, text: string): Awaitable<unknown> {
  const { status, headers } = (running.told = headOf(reply));
  const sent = (instead: HttpAnswer | null): unknown => leaving(running, reply, text, instead);
  const instead = running.run.finish({ status, headers, body: text });
  return instead instanceof Promise ? instead.then(sent) : sent(instead);
}

async function keepOrFail(running: Running, reply: ReplyLike, given: unknown): Promise<unknown> {
  try {
    return await keep(running, reply, given);
  } catch (error) {
    // The handler's stream failed before a byte had left.
    await running.run.fail(error);
    running.isOver = true;
    throw error;
  }
}

/** For any payload, and after any error. Answers what to send, once that is durable. */
async function keep(running: Running, reply: ReplyLike, given: unknown): Promise<unknown> {
  const { run, error, limits } = running;
  const payload = given instanceof Response ? unwrapped(given, reply) : given;
  const head = (running.told = headOf(reply));
  const held = await hold(payload, typeOf(head), limits);
  const toSend = held.kind === 'beyond' ? held.payload : sendable(held.bytes, payload);
  if (isSafeToRetry(error) || isHandlerTimeout(error)) {
    await run.fail(error);
    return leaving(running, reply, toSend, null);
  }
  const instead =
    held.kind === 'beyond'
      ? await run.finishUnkept(head)
      : await run.finish({ ...head, body: held.bytes });
  return leaving(running, reply, toSend, instead);
}

/** What leaves, under the head that was told of it. */
function leaving(
  running: Running,
  reply: ReplyLike,
  payload: unknown,
  instead: HttpAnswer | null,
): unknown {
  running.isOver = true;
  // Nobody reads it then; over HTTP/2 Fastify, too, would leave it open where its client has gone.
  const isDropped = (instead !== null || isDestroyed(reply.raw)) && closeStream(payload);
  if (instead !== null) return replaced(instead, running.before, reply);
  // For Fastify undefined would be the payload as it was.
  if (isDropped) return null;
  if (running.isOvertaken) resetHead(reply, running.told!);
  return payload;
}

/** Fastify's `handlerTimeout`: its 503 says that nothing has happened, while the handler goes on. */
function isHandlerTimeout(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'FST_ERR_HANDLER_TIMEOUT';
}

/** What has no body stays as it is: a 204 is not to become one of no bytes. */
function sendable(bytes: Uint8Array, payload: unknown): unknown {
  return payload === null || payload === undefined || typeof payload === 'string'
    ? payload
    : bufferOf(bytes);
}

/** As Fastify itself does later: the status and headers become the reply's, the body is the payload. */
function unwrapped(response: Response, reply: ReplyLike): unknown {
  reply.code(response.status);
  for (const [name, value] of response.headers) reply.header(name, value);
  return response.body;
}

/** The headers that were set before the handler ran stay, its own do not. */
function replaced(answer: HttpAnswer, before: Running['before'], reply: ReplyLike): unknown {
  resetHead(reply, { status: answer.status, headers: [] });
  for (const [name, value] of Object.entries(before)) {
    if (value !== undefined) reply.header(name, value);
  }
  setHead(reply, answer);
  return payloadOf(answer);
}
