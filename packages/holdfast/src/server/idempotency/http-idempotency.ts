import { disregard, isThenable } from '../../core/edge.ts';
import { show } from '../../core/options.ts';
import type { Awaitable } from '../../idempotency/awaitable.ts';
import type { Execution, Idempotency, Opened, OpenRequest } from '../../idempotency/idempotency.ts';
import type { HoldLimits } from './bounded-stream.ts';
import { type Keeping, Run } from './http-run.ts';
import { readKey } from './idempotency-key.ts';
import { decodeAnswer, encodeFound } from './kept-answer.ts';
import {
  type HttpIdempotencyOptions,
  keepByStatus,
  type ParsedHttp,
  parseHttpOptions,
} from './options.ts';
import { problem, problemOf } from './problems.ts';
import { REPLAYED_HEADERS } from './replayed-headers.ts';
import {
  contentDigestOf,
  type KnownBody,
  requestFingerprint,
  SelectError,
} from './request-fingerprint.ts';
import { scopeOf } from './scope.ts';

/**
 * What HTTP says of idempotency, free of any framework: which requests take part, what the key and
 * the fingerprint are, what is kept of an answer, and how refusals read. An adapter tells it of a
 * request, does as it is told, and hands it the handler's answer before the first byte of it leaves.
 * Made by `httpIdempotency(engine, options)`; adapters take the same two: `idempotent(engine, options)`.
 */
export interface HttpIdempotency {
  /** The key of a request is looked up and taken, or it is answered: at once, if body and store are at hand. Never rejects. */
  begin(request: HttpRequest): Awaitable<HttpBegun>;
  /** The most bytes of a request's body that an adapter may hold, and how much of an answer, for how long. */
  readonly limits: { readonly requestBody: number; readonly response: HoldLimits };
}

/** A request, as an adapter shows it. */
export interface HttpRequest {
  readonly method: string;
  /** The route's template, `/orders/:id`, where the framework tells; else the path. Without query. */
  readonly route: string;
  /** The path that was asked for, with its query. */
  readonly url: string;
  /** By lower-case name; one that came several times as all of its values, or as one with commas. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /**
   * Reads the body, up to `limits.requestBody`, so that the handler can read it again. Called at most
   * once, and only when the body matters: a request that takes no part is left as it came.
   */
  readonly body: () => RequestBody | Promise<RequestBody>;
  /** The framework's own request, for `tenant`. */
  readonly source: unknown;
  /** What the route says for itself, over the options that all share. */
  readonly options?: RouteOptions | undefined;
  /**
   * Aborts when the client has gone: ends a wait for another's answer. As a function, it is asked for only before
   * such a wait.
   */
  readonly signal?: AbortSignal | (() => AbortSignal) | undefined;
  /** Is given what to call when the answer has left or its client has gone; see `OpenRequest`. */
  readonly whenLeft?: OpenRequest['whenLeft'];
}

/** The body of a request: as it came, as a parser made it, none, or more than `limits.requestBody`. */
export type RequestBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'parsed'; readonly value: unknown }
  | { readonly kind: 'none' }
  | { readonly kind: 'too-large' };

/** What one route may say differently. */
export interface RouteOptions {
  /** A request without a key is answered 400. Default false: it is let through, unprotected. */
  readonly required?: boolean | undefined;
  /** Whether the store's being down closes this route (503) or lets it go on unprotected. Default: as the engine's options say. */
  readonly onStoreDown?: 'closed' | 'open' | undefined;
}

/** What an adapter is to do. */
export type HttpBegun =
  /** Nothing: the request takes no part. */
  | { readonly kind: 'pass' }
  /** Answer this, and do not run the handler. */
  | { readonly kind: 'answer'; readonly answer: HttpAnswer }
  /** Run the handler, and tell `run` of its answer. */
  | { readonly kind: 'run'; readonly run: HttpRun };

/** A handler that runs for a key. Exactly one of its three ends; of further ones nothing comes. */
export interface HttpRun {
  readonly execution: Execution<unknown>;
  /**
   * The handler has answered, whole: null once that is durable and may go out, else what to send in its place. Only what
   * may leave before it is kept does not wait. Never rejects.
   */
  finish(answer: HandlerAnswer): Awaitable<HttpAnswer | null>;
  /**
   * The answer cannot be kept: it is too large, a stream without end, or was begun before it could be held. Resolves
   * with null when it may go out as it is, of which repeats are answered that it was done and cannot be
   * replayed; else with what to send in its place. Never rejects.
   */
  finishUnkept(head: AnswerHead): Promise<HttpAnswer | null>;
  /** The handler threw, or will never answer: nobody knows what has happened. Never rejects. */
  fail(error: unknown): Promise<void>;
}

/** How an answer begins. */
export interface AnswerHead {
  readonly status: number;
  /** In their order and case; several of one name are several entries. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What a handler has answered, whole; a text is sent as UTF-8. */
export interface HandlerAnswer extends AnswerHead {
  readonly body: Uint8Array | string;
}

/** An answer, whole. In those made here there is no Content-Length: whoever sends one knows its body. */
export interface HttpAnswer extends AnswerHead {
  readonly body: Uint8Array;
}

/**
 * An engine for HTTP. What it checks, in this order: the key (400), the body's size (413), whether the key
 * was used for something else (422), whether it is in progress or its outcome unknown (409).
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function httpIdempotency<Source = unknown>(
  engine: Idempotency<unknown>,
  options?: HttpIdempotencyOptions<Source>,
): HttpIdempotency {
  if (typeof (engine as Partial<Idempotency> | undefined)?.open !== 'function') {
    throw new TypeError(
      `idempotent needs an engine, as made by idempotency(), got ${show(engine)}`,
    );
  }
  return new Protocol(engine, parseHttpOptions(options, 'idempotent.options'));
}

const REPLAYED = ['Idempotent-Replayed', 'true'] as const;
const PASS: HttpBegun = { kind: 'pass' };

class Protocol implements HttpIdempotency {
  readonly limits: HttpIdempotency['limits'];
  readonly #engine: Idempotency<unknown>;
  readonly #options: ParsedHttp;
  readonly #methods: ReadonlySet<string>;
  readonly #header: string;
  readonly #fingerprintHeaders: readonly string[];
  readonly #keeping: Keeping;

  constructor(engine: Idempotency<unknown>, options: ParsedHttp) {
    this.#engine = engine;
    this.#options = options;
    this.#methods = new Set(options.methods);
    this.#header = options.header.toLowerCase();
    this.#fingerprintHeaders = options.fingerprintHeaders.map((name) => name.toLowerCase());
    const further = options.replayHeaders.map((name) => name.toLowerCase());
    const { storeResult = keepByStatus, maxResponseBody, persist } = options;
    const replayed = new Set([...REPLAYED_HEADERS, ...further]);
    this.#keeping = { storeResult, maxResponseBody, persist, replayed };
    this.limits = {
      requestBody: options.maxRequestBody,
      response: { bytes: options.maxResponseBody, time: options.maxResponseHold },
    };
  }

  begin(request: HttpRequest): Awaitable<HttpBegun> {
    const options = this.#options;
    const { required = options.required } = request.options ?? {};
    if (!this.#methods.has(request.method)) return PASS;
    const read = readKey(request.headers[this.#header], options.minKeyLength);
    if (read.kind === 'missing') {
      return required ? answered(problem('idempotency-key-missing')) : PASS;
    }
    if (read.kind === 'malformed') {
      return answered(problem('idempotency-key-malformed', { detail: read.why }));
    }
    const scope = this.#scopeOf(request);
    if (scope === null) return answered(problem('idempotency-tenant-missing'));
    const fingerprint = this.#fingerprintOf(request);
    return fingerprint instanceof Promise
      ? fingerprint.then((known) => this.#open(request, { key: read.key, scope }, known))
      : this.#open(request, { key: read.key, scope }, fingerprint);
  }

  #open(
    request: HttpRequest,
    { key, scope }: Pick<OpenRequest, 'key' | 'scope'>,
    fingerprint: string | HttpAnswer,
  ): Awaitable<HttpBegun> {
    if (typeof fingerprint !== 'string') return answered(fingerprint);
    const { signal: given, whenLeft } = request;
    const { onStoreDown = this.#options.onStoreDown } = request.options ?? {};
    let heeded = typeof given === 'function' ? undefined : given;
    const signal = typeof given === 'function' ? () => (heeded = given()) : given;
    const asked = { key, scope, fingerprint, signal, whenLeft, onStoreDown, encode: encodeFound };
    try {
      const opened = this.#engine.open(asked);
      return opened instanceof Promise
        ? opened.then((found) => this.#begun(found, heeded)).catch(failed)
        : this.#begun(opened, heeded);
    } catch {
      return failed();
    }
  }

  /** Null for nobody's. */
  #scopeOf({ method, route, source }: HttpRequest): readonly string[] | null {
    const { tenant } = this.#options;
    if (tenant === undefined) return scopeOf(method, route);
    try {
      const whose = whoseOf(tenant, source);
      return whose === null ? null : scopeOf(method, route, whose);
    } catch (error) {
      this.#engine.hookFailed('tenant', error);
      return null;
    }
  }

  #fingerprintOf(request: HttpRequest): Awaitable<string | HttpAnswer> {
    try {
      const body = this.#bodyOf(request);
      return body instanceof Promise
        ? body
            .then((read) => this.#fingerprint(request, read))
            .catch((error: unknown) => this.#unreadable(error))
        : this.#fingerprint(request, body);
    } catch (error) {
      return this.#unreadable(error);
    }
  }

  /** It broke off, or was parsed and cannot be compared: nested too deeply, or with a number beyond what JSON can say. */
  #unreadable(error: unknown): HttpAnswer {
    if (error instanceof SelectError) this.#engine.hookFailed('fingerprintBody', error.cause);
    return problem('idempotency-body-unreadable');
  }

  #bodyOf(request: HttpRequest): Awaitable<RequestBody | KnownBody> {
    const digest = this.#options.trustContentDigest ? contentDigestOf(request) : undefined;
    return digest === undefined ? request.body() : { kind: 'digest', digest };
  }

  #fingerprint(request: HttpRequest, body: RequestBody | KnownBody): string | HttpAnswer {
    const { requestBody: limit } = this.limits;
    const { fingerprintBody } = this.#options;
    const fingerprint =
      body.kind === 'too-large'
        ? null
        : requestFingerprint(request, this.#fingerprintHeaders, body, limit, fingerprintBody);
    if (fingerprint !== null) return fingerprint;
    const detail = `It must have at most ${limit} bytes.`;
    return problem('idempotency-body-too-large', { detail });
  }

  #begun(opened: Opened<unknown>, signal: AbortSignal | undefined): HttpBegun {
    switch (opened.kind) {
      case 'run':
        return { kind: 'run', run: new Run(opened.execution, this.#keeping) };
      case 'replay':
        return answered(replayOf(opened, this.#options.replayUnkept));
      case 'unprotected':
        return PASS;
      case 'refused': {
        // Nobody is there to read it: what was waited for was in progress.
        const { error } = opened;
        const isGone = signal?.aborted === true && error === signal.reason;
        return answered(
          isGone ? problem('idempotency-in-progress', { retryAfter: 0 }) : problemOf(error),
        );
      }
    }
  }
}

function failed(): HttpBegun {
  return answered(problem('idempotency-failed'));
}

/** What a repeat of a request that was done is answered. */
function replayOf(
  { result, expiresIn }: Extract<Opened<unknown>, { readonly kind: 'replay' }>,
  unkept: ParsedHttp['replayUnkept'],
): HttpAnswer {
  const kept = decodeAnswer(result);
  // Whole seconds: whoever retries for longer finds the key forgotten.
  const left = ['Idempotency-Expires-In', String(Math.floor(expiresIn / 1000))] as const;
  switch (kept.kind) {
    case 'answer': {
      const { status, headers, body } = kept.answer;
      return { status, headers: [...headers, REPLAYED, left], body };
    }
    case 'unkept': {
      const { status, headers } = kept;
      if (unkept === 'location' && headers.length > 0) {
        return { status: 200, headers: [...headers, REPLAYED, left], body: new Uint8Array() };
      }
      const answer = problem('idempotency-not-replayable', {
        detail: `It was answered ${status}.`,
      });
      return { ...answer, headers: [...answer.headers, ...headers] };
    }
    case 'unreadable':
      return problem('idempotency-record-unreadable');
  }
}

/**
 * Null if nobody can tell.
 *
 * @throws what `tenant` throws; TypeError for what is no name.
 */
function whoseOf(tenant: NonNullable<ParsedHttp['tenant']>, source: unknown): string | null {
  const whose: unknown = tenant(source as never);
  if (whose === undefined || whose === '') return null;
  if (typeof whose === 'string') return whose;
  disregard(whose);
  const given = isThenable(whose) ? 'a promise' : show(whose);
  throw new TypeError(`tenant must answer a string, got ${given}`);
}

function answered(answer: HttpAnswer): HttpBegun {
  return { kind: 'answer', answer };
}
