import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Awaitable } from '../../idempotency/awaitable.ts';
import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type HoldLimits, isEventStream } from './bounded-stream.ts';
import { HeldBody } from './held-body.ts';
import { http2StreamOf, isDestroyed } from './http2.ts';
import type { AnswerHead, HttpAnswer, HttpRun } from './http-idempotency.ts';
import {
  checkMessage,
  closeHead,
  endWhole,
  type GivenHeaders,
  hasBody,
  headOf,
  sendAnswer,
  setHeaders,
  setLength,
} from './response-head.ts';
import { isAbortedInQueue } from './when-closed.ts';

/** A response of node:http of which nothing leaves before its end has been told. */
export interface HeldResponse {
  /** Whether the handler has ended it. */
  readonly isEnded: boolean;
  /** Lets everything through from now on: the adapter has told the run of its end. Only before anything was written. */
  letGo(): void;
  /** Makes the headers as they were before the handler: those that were set for all answers. */
  resetHeaders(): void;
  /** Tells that the handler is over: if it has not answered when the client goes, it never will. */
  handlerSettled(): void;
}

/**
 * Holds what a handler writes to a response, by whatever way, until it ends it; tells `run`, and sends it
 * once that is durable. As long as nothing has left, an error handler can begin anew: a changed status
 * drops what was held. A body beyond the limits and an event stream cannot be held: they are told as unkept, and go out
 * as they come.
 *
 * The client's going away changes nothing: what the handler answers is recorded all the same.
 */
export function holdResponse(
  response: ServerResponse,
  run: HttpRun,
  limits: HoldLimits,
): HeldResponse {
  return new Held(response, run, limits);
}

/** Whether a middleware further out holds it already. */
export function isHeld(response: ServerResponse): boolean {
  return (response as Holding)[HELD] !== undefined;
}

type Written = string | Uint8Array;
type Callback = (error?: Error | null) => void;

/** As they are called here. */
interface OwnMethods {
  writeHead(status: number, reason?: string | GivenHeaders, given?: GivenHeaders): ServerResponse;
  write(chunk: Written, encoding?: BufferEncoding | Callback, callback?: Callback): boolean;
  end(...given: unknown[]): ServerResponse;
  flushHeaders(): void;
  destroy(error?: Error): ServerResponse;
}

/**
 * `holding`: nothing has been told. `telling`: the run is being told; what is written meanwhile is held as well.
 * `through`: as if nobody held it. `replaced`: another answer was sent, and the rest of the handler's is dropped.
 */
type Phase = 'holding' | 'telling' | 'through' | 'replaced';

/** Where a response keeps who holds it. */
const HELD: unique symbol = Symbol('holdfast.held');

type Holding = ServerResponse & { [HELD]?: Held };

/** The same getters for all responses: with its own, each response would be an object of another kind, which is slow. */
const TOLD = { headersSent: toldBy('headersSent'), writableEnded: toldBy('writableEnded') };

class Held implements HeldResponse {
  #phase: Phase = 'holding';
  #ended = false;
  /** The status with which writing has begun; 0 before. */
  #begunWith = 0;
  readonly #body = new HeldBody();
  #owesDrain = false;
  readonly #response: ServerResponse;
  readonly #run: HttpRun;
  readonly #limits: HoldLimits;
  /** Runs from the first piece on. */
  #hold: Sleep | null = null;
  readonly #before: Readonly<OutgoingHttpHeaders>;
  /** The response's own methods, or those of whoever came before. */
  readonly #own: OwnMethods;

  constructor(response: ServerResponse, run: HttpRun, limits: HoldLimits) {
    this.#response = response;
    this.#run = run;
    this.#limits = limits;
    this.#before = response.getHeaders();
    const { writeHead, write, end, flushHeaders, destroy } = response;
    this.#own = { writeHead, write, end, flushHeaders, destroy } as OwnMethods;
    response.writeHead = this.#writeHead as typeof writeHead;
    response.write = this.#write as typeof write;
    response.end = this.#end as typeof end;
    response.flushHeaders = this.#flushHeaders;
    response.destroy = this.#destroy as typeof destroy;
    (response as Holding)[HELD] = this;
    Object.defineProperties(response, TOLD);
  }

  get isEnded(): boolean {
    return this.#ended;
  }

  letGo(): void {
    this.#hold?.wake();
    this.#phase = 'through';
  }

  resetHeaders(): void {
    const response = this.#response;
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    setHeaders(response, this.#before);
  }

  handlerSettled(): void {
    if (this.#ended) return;
    if (isDestroyed(this.#response)) this.#neverAnswers();
    else this.#response.once('close', () => this.#neverAnswers());
  }

  #neverAnswers(error: unknown = new Error('the handler has not answered')): void {
    if (this.#ended || this.#phase !== 'holding') return;
    this.#phase = 'through';
    this.#hold?.wake();
    void this.#run.fail(error);
  }

  /**
   * What Node would say of the response if it were not held. While the answer is sent, this is the truth: what
   * compresses in front asks whether the headers are still to come.
   */
  isTold(name: keyof typeof TOLD): boolean {
    const isDone = this.#ended && this.#phase !== 'through';
    if (isDone || (name === 'headersSent' && this.#phase === 'telling')) return true;
    // Not `this` of the getter, which may be an object made from the response.
    return Boolean(Reflect.get(Reflect.getPrototypeOf(this.#response)!, name, this.#response));
  }

  readonly #writeHead = (
    status: number,
    reason?: string | GivenHeaders,
    given?: GivenHeaders,
  ): ServerResponse => {
    const response = this.#response;
    if (this.#phase === 'through') {
      return this.#own.writeHead.call(response, status, reason, given);
    }
    if (this.#phase === 'replaced' || this.#ended) return response;
    // Node does so as well: '201' is a status.
    const code = Math.trunc(status);
    if (!(code >= 100 && code <= 999)) {
      throw new RangeError(`a status must be a whole number from 100 to 999, got ${status}`);
    }
    response.statusCode = code;
    if (typeof reason === 'string') response.statusMessage = reason;
    setHeaders(response, typeof reason === 'string' ? given : reason);
    this.#begin();
    return response;
  };

  readonly #write = (
    chunk: Written,
    encoding?: BufferEncoding | Callback,
    callback?: Callback,
  ): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    if (this.#phase === 'through') {
      return this.#own.write.call(this.#response, chunk, encoding, callback);
    }
    if (this.#phase !== 'replaced' && this.#ended) {
      void later(done, afterEnd());
      return false;
    }
    void later(done);
    if (this.#phase === 'replaced') return true;
    this.#beginOnce();
    this.#body.add(chunk, typeof encoding === 'string' ? encoding : undefined);
    void this.#holdNoLonger();
    if (this.#phase === 'holding' && this.#body.size > this.#limits.bytes) this.#tellUnkept();
    // Changed by what came before: the checker does not see that.
    if ((this.#phase as Phase) === 'holding') return true;
    this.#owesDrain = true;
    return false;
  };

  readonly #end = (
    chunk?: Written | Callback | null,
    encoding?: BufferEncoding | Callback | null,
    callback?: Callback,
  ): ServerResponse => {
    const response = this.#response;
    if (this.#phase === 'through') {
      return this.#own.end.call(response, chunk, encoding, callback);
    }
    const done = [chunk, encoding, callback].find((given) => typeof given === 'function');
    if (done !== undefined) whenFinished(response, done as Callback);
    if (this.#phase === 'replaced' || this.#ended) return response;
    this.#beginOnce();
    if (chunk && typeof chunk !== 'function') {
      this.#body.add(chunk, typeof encoding === 'string' ? encoding : undefined);
    }
    this.#ended = true;
    if (this.#phase === 'holding') this.#tellWhole();
    return response;
  };

  readonly #flushHeaders = (): void => {
    if (this.#phase === 'through') this.#own.flushHeaders.call(this.#response);
    else if (this.#phase !== 'replaced' && !this.#ended) {
      this.#beginOnce();
      void this.#holdNoLonger();
    }
  };

  /** By the handler, or by a pipeline whose source has failed. */
  readonly #destroy = (error?: Error): ServerResponse => {
    if (!isAbortedInQueue(this.#response, error)) this.#neverAnswers(error ?? undefined);
    return this.#own.destroy.call(this.#response, error);
  };

  /** As Node does before the first byte: by the response's own method, which others may have wrapped. */
  #beginOnce(): void {
    const { statusCode } = this.#response;
    if (this.#begunWith !== statusCode) this.#response.writeHead(statusCode);
  }

  #begin(): void {
    checkMessage(this.#response);
    const { statusCode } = this.#response;
    if (this.#phase === 'holding' && this.#begunWith !== statusCode) {
      this.#body.clear();
    }
    this.#begunWith = statusCode;
    const type = this.#response.getHeader('content-type');
    if (this.#phase === 'holding' && isEventStream(String(type))) this.#tellUnkept();
  }

  /** From the first piece on, unless there is no limit. */
  async #holdNoLonger(): Promise<void> {
    const { time } = this.#limits;
    if (this.#hold !== null || this.#phase !== 'holding' || time === Infinity) return;
    this.#hold = new Sleep(systemRuntime.clock, time);
    await this.#hold.over;
    if (this.#phase === 'holding' && !this.#ended) this.#tellUnkept();
  }

  #tellWhole(): void {
    const body = hasBody(this.#response) ? this.#body.whole() : '';
    void this.#tell((head) => this.#run.finish({ ...head, body }));
  }

  #tellUnkept(): void {
    void this.#tell((head) => this.#run.finishUnkept(head));
  }

  /** What was told is what leaves: nobody changes it meanwhile. */
  async #tell(end: (head: AnswerHead) => Awaitable<HttpAnswer | null>): Promise<void> {
    this.#phase = 'telling';
    this.#hold?.wake();
    const told = end(headOf(this.#response));
    if (!(told instanceof Promise)) return this.#send(told);
    const open = closeHead(this.#response);
    const instead = await told;
    open();
    this.#send(instead);
  }

  #send(instead: HttpAnswer | null): void {
    try {
      if (instead === null) this.#sendHeld();
      else this.#replace(instead);
    } catch (error) {
      // What Node refuses: the handler is not there any more to be told.
      this.#response.destroy(error as Error);
    }
  }

  #sendHeld(): void {
    const response = this.#response;
    const { size } = this.#body;
    const body = this.#body.whole();
    this.#body.clear();
    this.#phase = 'through';
    // Node calls it for the first byte; whoever has wrapped ours was called already.
    response.writeHead = this.#own.writeHead as typeof response.writeHead;
    if (this.#ended) {
      setLength(response, size);
      endWhole(response, body, this.#own);
      return;
    }
    if (size === 0) this.#own.flushHeaders.call(response);
    const isWritten = size === 0 || this.#own.write.call(response, body);
    // Else Node says so itself.
    if (this.#owesDrain && isWritten) response.emit('drain');
  }

  #replace(answer: HttpAnswer): void {
    const response = this.#response;
    this.#phase = 'through';
    this.resetHeaders();
    // HTTP/2 has none, and Node warns of it.
    if (http2StreamOf(response) === undefined) response.statusMessage = '';
    // What is behind, as sessions are, may take only one end, and has had the handler's.
    sendAnswer(response, answer, this.#own);
    this.#phase = 'replaced';
    if (this.#owesDrain && !this.#ended) response.emit('drain');
  }
}

function toldBy(name: 'headersSent' | 'writableEnded'): PropertyDescriptor {
  return {
    configurable: true,
    get(this: Holding) {
      return this[HELD]!.isTold(name);
    },
  };
}

/** As Node's. */
function afterEnd(): Error {
  return Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
}

function whenFinished(response: ServerResponse, callback: Callback): void {
  if (response.writableFinished) void later(callback);
  else response.once('finish', callback);
}

/** Callbacks never run before the call that was given them has returned. */
async function later(callback: Callback | undefined, error?: Error): Promise<void> {
  await Promise.resolve();
  callback?.(error);
}
