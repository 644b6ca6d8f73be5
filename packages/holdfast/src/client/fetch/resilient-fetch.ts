import { type Result, withFrames } from '../../core/edge.ts';
import type { Attempt, CallOptions } from '../../core/operation.ts';
import { parseOptions, show } from '../../core/options.ts';
import type { Random } from '../../runtime/random.ts';
import { type Dependency, optionsOf } from '../dependency.ts';
import { CONTEXT_HEADER, contextOf } from '../wire.ts';
import { copyOf, fallbackValueOf } from './fallback.ts';
import { attemptBodyOf } from './one-shot-body.ts';
import { withEncodedForm } from './form-body.ts';
import { fetchOptions, type ParsedFetch, type ResilientFetchOptions } from './options.ts';
import {
  type FetchInit,
  type FetchInput,
  followsRedirects,
  headerOf,
  headersOf,
  hostsOf,
  IDEMPOTENCY_KEY,
  isIdempotent,
  methodOf,
  requestOf,
  rereadable,
  signalOf,
  urlOf,
  uuid,
} from './request.ts';
import { Repetition } from './repetition.ts';
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
 * an `Idempotency-Key`, it was never sent, or the server turned it away (429, 409 and 503 with a
 * hint). The caller gets the last answer, whatever its status, with its body unread; `attemptsOf` tells
 * of the attempts behind it. An attempt's time ends with the response's headers. From then on the body
 * has an idle timeout, and ends when the caller aborts.
 *
 * @throws TypeError, RangeError for wrong options, for a dependency that does not know what an HTTP
 *   answer means, and for a fallback that could not answer with a `Response`. The function itself
 *   rejects as fetch does: with the caller's abort reason, with the network's error as it was after
 *   one attempt, and with a `HoldfastError` for a refusal, a timeout, or the end of several attempts.
 */
export function resilientFetch<In, F>(
  dependency: Dependency<In, F> & Fit<In, F>,
  options: ResilientFetchOptions = {},
): typeof fetch {
  const target = dependency as unknown as Dependency<unknown, Response> | undefined;
  if (typeof target?.tryCall !== 'function') {
    throw new TypeError(
      `resilientFetch must be given a dependency, as made by dependency(), got ${show(dependency)}`,
    );
  }
  checkClassifier(target);
  const parsed = parseOptions(fetchOptions, options, 'resilientFetch');
  const sender = new Sender(target, parsed);
  return target.runtime.diagnostics
    ? (input, init) => withFrames(sender.send(input, init))
    : (input, init) => sender.send(input, init);
}

/** Checks at run time what the compiler checks: for those who have none, and for dependencies from a spec. */
function checkClassifier(dependency: Dependency<unknown, Response>): void {
  const { classify, protocol } = optionsOf(dependency) ?? { protocol: 'http' };
  if (classify !== undefined || protocol === 'http') return;
  const what = protocol === 'none' ? 'no protocol' : `protocol '${protocol}'`;
  throw new TypeError(
    `resilientFetch: dependency('${dependency.name}') has ${what} and would take every response for a success; it needs protocol 'http', or classify`,
  );
}

class Sender {
  readonly #dependency: Dependency<unknown, Response>;
  readonly #options: ParsedFetch;
  readonly #limits: BodyLimits;
  readonly #random: Random;
  readonly #fallbackValue: unknown;

  constructor(dependency: Dependency<unknown, Response>, options: ParsedFetch) {
    const { name, runtime } = dependency;
    this.#fallbackValue = fallbackValueOf(name, optionsOf(dependency));
    this.#dependency = dependency;
    this.#options = options;
    this.#limits = { runtime, idle: options.bodyIdleTimeout };
    this.#random = runtime.random.fork('idempotency-key');
  }

  async send(input: FetchInput, given: FetchInit): Promise<Response> {
    const request = requestOf(input);
    const init = withEncodedForm(request, rereadable(given), this.#random);
    const sent = this.#withKey(request, init);
    const body = attemptBodyOf(request, init?.body, this.#options.maxBufferedBody);
    const asked = this.#asked(request, sent);
    const isSafe = asked.idempotent === true || asked.key !== undefined;
    const mayMove = !isSafe && followsRedirects(request, init);
    const repetition =
      body === null && isSafe ? null : new Repetition(body, mayMove ? urlOf(input) : null);
    const result = await this.#call(repetition, input, sent, asked);
    if (!result.ok || result.fellBack) body?.release(result.error);
    if (!result.ok) throw result.error;
    return this.#deliver(result, asked.signal ?? null);
  }

  #asked(request: Request | null, init: FetchInit): CallOptions {
    const idempotent = isIdempotent(methodOf(request, init));
    return {
      idempotent,
      key: idempotent
        ? undefined
        : headerOf(headersOf(request, init), IDEMPOTENCY_KEY) || undefined,
      criticality: this.#options.criticality,
      signal: signalOf(request, init) ?? undefined,
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

  #call(
    repetition: Repetition | null,
    input: FetchInput,
    init: FetchInit,
    asked: CallOptions,
  ): Promise<Result<Response>> {
    if (repetition === null) {
      return this.#dependency.tryCall((attempt) => this.#attempt(attempt, input, init), asked);
    }
    const operation = (attempt: Attempt): Promise<Response> =>
      repetition.attempt(attempt, (body) => this.#attempt(attempt, input, { ...init, ...body }));
    return this.#dependency.tryCall(operation, {
      ...asked,
      get repeatable() {
        return repetition.isPossible;
      },
    });
  }

  #attempt(attempt: Attempt, input: FetchInput, init: FetchInit): Promise<Response> {
    const send = this.#options.fetch ?? fetch;
    const { signal } = attempt;
    if (!this.#isTold(input)) return send(input, { ...init, signal });
    const headers = new Headers(headersOf(requestOf(input), init));
    if (!headers.has(CONTEXT_HEADER)) headers.set(CONTEXT_HEADER, contextOf(attempt));
    return send(input, { ...init, signal, headers });
  }

  /** Whether the request goes to a host that is told of the call. */
  #isTold(input: FetchInput): boolean {
    const { contextHosts } = this.#options;
    return contextHosts.length > 0 && hostsOf(input).some((host) => contextHosts.includes(host));
  }

  #deliver(
    result: Result<Response> & { readonly ok: true },
    signal: AbortSignal | null,
  ): Response | Promise<Response> {
    const { value, fellBack } = result;
    // One value answers many calls, and a body can be read only once.
    return fellBack && value === this.#fallbackValue
      ? copyOf(value).then((copy) => this.#watched(copy, result, signal))
      : this.#watched(value, result, signal);
  }

  #watched(response: Response, result: Result<Response>, signal: AbortSignal | null): Response {
    keepResult(response, result);
    watchBody(response, this.#limits, result, signal);
    return response;
  }
}
