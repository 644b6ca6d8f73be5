import { isDestroyed } from '../idempotency/http2.ts';
import { kept, type Running } from './answer.ts';
import type { FastifyLike, OnError, OnSend, ReplyLike, RequestLike } from './types.ts';

/** Where a request keeps its run. */
export const RUN: unique symbol = Symbol('holdfast.run');

/** Set on a request whose answer has no content type, and is to get none. */
export const UNTYPED: unique symbol = Symbol('holdfast.untyped');

/** A request, as whoever begins a run for it changes it. */
export type RunningRequest = RequestLike & {
  [RUN]?: Running;
  [UNTYPED]?: boolean;
  idempotency?: unknown;
};

/**
 * Has an instance keep the answers to requests that have a run, before they leave, and before `onSend` hooks that are added
 * later, and those of routes: so what compresses does so for a replay as well. Does nothing for one that does so already.
 */
export function keepAnswers(app: FastifyLike): void {
  if (app.hasRequestDecorator(RUN)) return;
  app.decorateRequest(RUN);
  app.addHook('onError', noteError);
  app.addHook('onSend', keepAnswer);
}

/** Tells a run of the end of its response where no hook does: when the handler takes it over (`hijack`), now or later. */
export function watch(running: Running, reply: ReplyLike): void {
  if (isDestroyed(reply.raw)) closed(running, reply);
  else reply.raw.on('close', () => closed(running, reply));
}

function closed(running: Running, reply: ReplyLike): void {
  if (running.isOver) return;
  if (reply.sent) return void endHijacked(running, reply);
  const { hijack } = reply;
  reply.hijack = () => {
    void endHijacked(running, reply);
    return hijack.call(reply);
  };
}

/** What a hijacked response has sent could not be held. */
async function endHijacked(running: Running, reply: ReplyLike): Promise<void> {
  running.isOver = true;
  const { run } = running;
  const { statusCode: status, writableEnded } = reply.raw;
  if (writableEnded) await run.finishUnkept({ status, headers: [] });
  else await run.fail(new Error('The client went away while a hijacked response was written'));
}

const noteError: OnError = (request: RunningRequest, _reply, error, done) => {
  const running = request[RUN];
  if (running !== undefined) running.error = error;
  done();
};

const keepAnswer: OnSend = (request: RunningRequest, reply, payload, done) => {
  if (request[UNTYPED] === true) {
    request[UNTYPED] = false;
    reply.removeHeader('content-type');
  }
  const running = request[RUN];
  if (running === undefined || running.isOver) return done(null, payload);
  if (running.told !== null) {
    // Too late: for Fastify, too, the first of two answers counts.
    running.isOvertaken = true;
    return;
  }
  const toSend = kept(running, reply, payload);
  // A promise is answered as one: what Fastify throws of it, out of a later `done`, nobody would catch.
  if (toSend instanceof Promise) return toSend;
  done(null, toSend);
};
