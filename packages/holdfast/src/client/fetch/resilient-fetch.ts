import { type Result, withFrames } from '../../core/edge.ts';
import type { Attempt, CallOptions } from '../../core/operation.ts';
import { parseOptions } from '../../core/options.ts';
import type { Random } from '../../runtime/random.ts';
import type { Dependency } from '../dependency.ts';
import { CONTEXT_HEADER, contextOf } from '../wire.ts';
import { isOneShot, OneShotBody } from './one-shot-body.ts';
import { fetchOptions, type ParsedFetch, type ResilientFetchOptions } from './options.ts';
import {
  type FetchInit,
  type FetchInput,
  headerOf,
  headersOf,
  hostsOf,
  IDEMPOTENCY_KEY,
  isIdempotent,
  methodOf,
  requestOf,
  signalOf,
  uuid,
} from './request.ts';
import { keepResult } from './results.ts';
import { watchBody } from './watched-response.ts';
import type { BodyLimits } from './watched-body.ts';

/** What the compiler says of a dependency that does not know what an HTTP answer means. */
export interface NeedsHttpClassifier {
  readonly "resilientFetch needs a dependency with protocol: 'http', or one that classifies responses": never;
}

/** What the compiler says of a dependency whose fallback answers something else. */
export interface NeedsResponseFallback {
  readonly 'resilientFetch needs a fallback that answers a Response': never;
}

type Fit<In, F> = [F] extends [Response]
  ? unknown extends In
    ? NeedsHttpClassifier
    : Response extends In
      ? unknown
      : NeedsHttpClassifier
  : NeedsResponseFallback;

/**
 * `fetch`, protected by a dependency: the same arguments, the same answers, so that it fits wherever
 * a `fetch` does.
 *
 * ```ts
 * const charge = resilientFetch(dependency('payments', { protocol: 'http' }));
 * const response = await charge('https://payments.internal/charges', { method: 'POST', body, headers });
 * ```
 *
 * A request is repeated if its method is idempotent (GET, HEAD, OPTIONS, TRACE, PUT, DELETE), it has
 * an `Idempotency-Key`, or it was never sent. The last answer is given to the caller whatever its
 * status, body unread; `attemptsOf` tells how it was come by. An attempt's time ends with the
 * response's headers; the body then has an idle timeout, and ends when the caller aborts.
 *
 * @throws TypeError, RangeError for wrong options. The function itself rejects as fetch does: with
 *   the caller's abort reason, with the network's error as it was after one attempt, and with a
 *   `HoldfastError` for a refusal, a timeout, or the end of several attempts.
 */
export function resilientFetch<In, F>(
  dependency: Dependency<In, F> & Fit<In, F>,
  options: ResilientFetchOptions = {},
): typeof fetch {
  const target = dependency as unknown as Dependency<unknown, Response> | undefined;
  if (typeof target?.tryCall !== 'function') {
    throw new TypeError('resilientFetch must be given a dependency, as made by dependency()');
  }
  const parsed = parseOptions(fetchOptions, options, 'resilientFetch');
  const sender = new Sender(target, parsed);
  return target.runtime.diagnostics
    ? (input, init) => withFrames(sender.send(input, init))
    : (input, init) => sender.send(input, init);
}

class Sender {
  readonly #dependency: Dependency<unknown, Response>;
  readonly #options: ParsedFetch;
  readonly #limits: BodyLimits;
  readonly #random: Random;

  constructor(dependency: Dependency<unknown, Response>, options: ParsedFetch) {
    const { runtime } = dependency;
    this.#dependency = dependency;
    this.#options = options;
    this.#limits = { runtime, idle: options.bodyIdleTimeout };
    this.#random = runtime.random.fork('idempotency-key');
  }

  async send(input: FetchInput, init: FetchInit): Promise<Response> {
    const request = requestOf(input);
    const sent = this.#withKey(request, init);
    const body = this.#oneShotOf(request, init);
    const signal = signalOf(request, init);
    const operation = (attempt: Attempt): Promise<Response> =>
      body === null
        ? this.#attempt(attempt, input, sent)
        : this.#attemptWith(body, attempt, input, sent);
    const result = await this.#dependency.tryCall(
      operation,
      this.#callOptions(request, sent, signal, body),
    );
    if (result.ok) return this.#deliver(result, signal);
    body?.release(result.error);
    throw result.error;
  }

  #callOptions(
    request: Request | null,
    init: FetchInit,
    signal: AbortSignal | null,
    body: OneShotBody | null,
  ): CallOptions {
    const idempotent = isIdempotent(methodOf(request, init));
    const options = {
      idempotent,
      key: idempotent
        ? undefined
        : headerOf(headersOf(request, init), IDEMPOTENCY_KEY) || undefined,
      criticality: this.#options.criticality,
      signal: signal ?? undefined,
    };
    if (body === null) return options;
    return {
      ...options,
      // Asked when a further attempt is due.
      get repeatable() {
        return body.replayable;
      },
    };
  }

  /** With an Idempotency-Key, where the options want one and the request has none. */
  #withKey(request: Request | null, init: FetchInit): FetchInit {
    if (this.#options.idempotencyKey === 'none') return init;
    const method = methodOf(request, init);
    if (method !== 'POST' && method !== 'PATCH') return init;
    const given = headersOf(request, init);
    if (headerOf(given, IDEMPOTENCY_KEY)) return init;
    const headers = new Headers(given);
    headers.set(IDEMPOTENCY_KEY, uuid(this.#random));
    return { ...init, headers };
  }

  #oneShotOf(request: Request | null, init: FetchInit): OneShotBody | null {
    const body = init?.body ?? request?.body;
    return isOneShot(body) ? new OneShotBody(body, this.#options.maxBufferedBody) : null;
  }

  #attempt(attempt: Attempt, input: FetchInput, init: FetchInit): Promise<Response> {
    const send = this.#options.fetch ?? fetch;
    const { signal } = attempt;
    if (!this.#isTold(input)) return send(input, { ...init, signal });
    const headers = new Headers(headersOf(requestOf(input), init));
    if (!headers.has(CONTEXT_HEADER)) headers.set(CONTEXT_HEADER, contextOf(attempt));
    return send(input, { ...init, signal, headers });
  }

  async #attemptWith(
    body: OneShotBody,
    attempt: Attempt,
    input: FetchInput,
    init: FetchInit,
  ): Promise<Response> {
    const bytes = await body.take();
    return this.#attempt(attempt, input, { ...init, body: bytes, duplex: 'half' } as FetchInit);
  }

  /** The host is one of those that are told of the call. */
  #isTold(input: FetchInput): boolean {
    const { contextHosts } = this.#options;
    return contextHosts.length > 0 && hostsOf(input).some((host) => contextHosts.includes(host));
  }

  #deliver(result: Result<Response> & { readonly ok: true }, signal: AbortSignal | null): Response {
    // One value answers many calls, and a body can be read only once.
    const response = result.fellBack ? result.value.clone() : result.value;
    keepResult(response, result);
    watchBody(response, this.#limits, result, signal);
    return response;
  }
}
