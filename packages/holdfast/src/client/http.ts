import type { Classifier, Judgement, Verdict } from '../core/outcome.ts';
import type { Clock } from '../runtime/clock.ts';
import { systemRuntime } from '../runtime/system.ts';
import { judgeNetworkError } from './network-errors.ts';
import { httpDate, retryAfter } from './retry-after.ts';
import { toldAnswer } from './told-answer.ts';
import { parsePushback, PUSHBACK_HEADER } from './wire.ts';

/**
 * What the HTTP classifier looks at: a fetch `Response`, or anything with its status and headers. It
 * asks for headers by lower-case names, so that a `Map` of Node's headers will do.
 */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null | undefined };
}

/**
 * What an HTTP outcome means:
 *
 * | outcome | verdict |
 * |---|---|
 * | 2xx, 3xx | `success` |
 * | 429 | `overload`, of our own quota; not before its Retry-After |
 * | 409 with Retry-After | `overload` that breakers do not count: our own request is in progress; not before that |
 * | 503 with Retry-After or Holdfast-Pushback | `overload`, not before that |
 * | 408, 425, other 5xx | `transient` |
 * | 501, 505, other 4xx | `terminal` |
 * | refused, unreachable, unknown host | `transient`, never sent |
 * | reset, closed, broken, no HTTP, a proxy's 5xx, 408, 429 to CONNECT | `transient` |
 * | `TimeoutError`, undici's timeouts of headers and body | `timeout` |
 * | `AbortError` of the operation's own | `ignored` |
 * | a proxy's other refusals, TLS certificates, invalid URLs, programming errors | `terminal` |
 *
 * An error that tells of an answer of status 400 to 599, as clients throw that take it for an error (axios, got, ky,
 * SDKs), is judged as that answer: by its `response`, or its own `status` or `statusCode`, and `headers`.
 * Without a `response`, an abort, or what a failure of the network has caused, has no answer, whatever its status.
 *
 * `Holdfast-Pushback: retry=no` forbids a further attempt after any of them. A Retry-After that is
 * a date is compared with the answer's own Date, so that clocks need not agree; without one, with
 * the clock's wall time.
 */
export function httpClassifierOf(clock: Pick<Clock, 'wallTime'>): Classifier<HttpAnswer> {
  return (outcome) => {
    if (outcome.ok) return judgeAnswer(outcome.value, clock);
    const answer = toldAnswer(outcome.error);
    return answer === null ? judgeNetworkError(outcome.error) : judgeAnswer(answer, clock);
  };
}

/** `httpClassifierOf` with the system's clock, for classifiers of one's own to build on. */
export const httpClassifier: Classifier<HttpAnswer> = httpClassifierOf(systemRuntime.clock);

/** Lets go of the socket under a response that nobody will read. */
export function discardAnswer(answer: unknown): void {
  const { body } = (answer ?? {}) as { readonly body?: Partial<ReadableStream> | null };
  // A locked body is being read by somebody.
  if (typeof body?.cancel !== 'function' || body.locked === true) return;
  body.cancel().catch(() => {});
}

const PUSHBACK = PUSHBACK_HEADER.toLowerCase();

/** What may be given all the same: no compiler stops `any`, which is what `response.json()` answers. */
type Given = Partial<HttpAnswer> | null | undefined;

const NOTHING: Partial<HttpAnswer> = {};

function judgeAnswer(answer: Given, clock: Pick<Clock, 'wallTime'>): Verdict | Judgement {
  const { status, headers } = answer ?? NOTHING;
  if (typeof status === 'number' && status < 400) return 'success';
  if (typeof status !== 'number' || typeof headers?.get !== 'function') throw noAnswer(answer);
  const pushback = headers.get(PUSHBACK) ?? null;
  const { final, after } = parsePushback(pushback ?? '');
  const hint = longer(after, hintOf(headers, clock));
  const verdict = verdictOf(status, hint !== undefined, pushback !== null);
  return {
    verdict,
    ...(hint === undefined ? {} : { retryAfter: hint }),
    ...(final ? { retry: false } : {}),
    // 429 and 409 are about us: neither says that the server has too much to do.
    ...(verdict === 'overload' && status < 500 ? { quota: true } : {}),
  };
}

function verdictOf(status: number, hasHint: boolean, hasPushback: boolean): Verdict {
  if (status === 429 || (status === 409 && hasHint)) return 'overload';
  if (status === 408 || status === 425) return 'transient';
  if (status < 500 || status === 501 || status === 505) return 'terminal';
  return status === 503 && (hasHint || hasPushback) ? 'overload' : 'transient';
}

/** Says only what kind of thing was given: it may be a body. */
function noAnswer(given: unknown): TypeError {
  const got = given === null ? 'null' : typeof given === 'object' ? lackOf(given) : typeof given;
  return new TypeError(
    `protocol 'http' judges answers by status and headers, as fetch gives them, got ${got}: answer both beside what was read of the body, or give classify`,
  );
}

/** What a mock's answer wants, mostly. */
function lackOf(given: Partial<HttpAnswer>): string {
  if (typeof given.status !== 'number') return 'an object without a status';
  return `an object of status ${given.status} without headers.get()`;
}

type Headers = HttpAnswer['headers'];

function hintOf(headers: Headers, clock: Pick<Clock, 'wallTime'>): number | undefined {
  const header = headers.get('retry-after') ?? null;
  if (header === null) return undefined;
  return retryAfter(header, () => httpDate(headers.get('date') ?? '') ?? clock.wallTime());
}

function longer(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}
