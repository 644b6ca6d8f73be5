import { isHoldfastError } from '../../core/errors.ts';
import type { IdempotencyConflictError } from '../../idempotency/errors.ts';
import type { HttpAnswer } from './http-idempotency.ts';

const TITLES = {
  'idempotency-key-missing': [400, 'This request needs an Idempotency-Key'],
  'idempotency-key-malformed': [400, 'The Idempotency-Key cannot be read'],
  'idempotency-body-unreadable': [400, 'The body cannot be read'],
  'idempotency-body-too-large': [413, 'The body is too large'],
  'idempotency-key-reused': [422, 'This key was used for a different request'],
  'idempotency-in-progress': [409, 'A request with this key is in progress'],
  'idempotency-outcome-unknown': [409, 'Nobody knows how the request with this key ended'],
  'idempotency-not-replayable': [409, 'It was done, and its answer was not kept'],
  'idempotency-record-unreadable': [409, 'The record of this key was written by another version'],
  'idempotency-lease-lost': [409, 'Another request with this key has taken over'],
  'idempotency-commit-failed': [503, 'It could not be committed'],
  'idempotency-store-unavailable': [503, 'Idempotency records cannot be read now'],
  'idempotency-tenant-missing': [500, 'The server cannot tell whose key this is'],
  'idempotency-failed': [500, 'The key could not be looked up'],
} as const;

/** What a refusal is called; see `PROBLEMS`. */
export type ProblemCode = keyof typeof TITLES;

/** A kind of refusal, as RFC 9457 has it. */
export interface Problem<Code extends ProblemCode = ProblemCode> {
  readonly type: `urn:holdfast:problem:${Code}`;
  readonly status: (typeof TITLES)[Code][0];
  /** For people. */
  readonly title: string;
}

/**
 * The refusals that idempotency answers over HTTP, by code: for clients, to tell them apart by `type`, or by `code`,
 * which the body has as well. Codes, types and statuses do not change between versions; titles may.
 */
export const PROBLEMS: { readonly [Code in ProblemCode]: Problem<Code> } = Object.freeze(
  Object.fromEntries(
    Object.entries(TITLES).map(([code, [status, title]]) => [
      code,
      Object.freeze({ type: `urn:holdfast:problem:${code}`, status, title }),
    ]),
  ) as { [Code in ProblemCode]: Problem<Code> },
);

/** What a refusal says beyond its title. Neither key nor body is ever in it. */
export interface ProblemAbout {
  readonly detail?: string | undefined;
  /** Milliseconds after which it is worth asking again. */
  readonly retryAfter?: number | undefined;
}

const encoder = new TextEncoder();

/** A refusal as an answer. */
export function problem(code: ProblemCode, { detail, retryAfter }: ProblemAbout = {}): HttpAnswer {
  const { type, title, status } = PROBLEMS[code];
  const headers: (readonly [string, string])[] = [['Content-Type', 'application/problem+json']];
  if (retryAfter !== undefined) headers.push(['Retry-After', wholeSeconds(retryAfter)]);
  const body = encoder.encode(JSON.stringify({ type, title, status, detail, code }));
  return { status, headers, body };
}

/** The refusal that an engine's error is told by. */
export function problemOf(error: unknown): HttpAnswer {
  if (isHoldfastError(error, 'IDEMPOTENCY_MISMATCH')) return problem('idempotency-key-reused');
  if (isHoldfastError(error, 'IDEMPOTENCY_CONFLICT')) return conflict(error);
  if (isHoldfastError(error, 'IDEMPOTENCY_STORE')) {
    return problem('idempotency-store-unavailable', { retryAfter: error.retryAfter ?? 0 });
  }
  return problem('idempotency-failed');
}

function conflict({ why, retryAfter }: IdempotencyConflictError): HttpAnswer {
  switch (why) {
    case 'in-progress':
      return problem('idempotency-in-progress', { retryAfter: retryAfter ?? 0 });
    case 'outcome-unknown':
      return problem('idempotency-outcome-unknown', { retryAfter });
    case 'not-replayable':
      return problem('idempotency-not-replayable');
    case 'unreadable-record':
      return problem('idempotency-record-unreadable');
    case 'nested':
      // A mistake of the server's own.
      return problem('idempotency-failed');
  }
}

/** At least one, so that nobody asks again at once. */
function wholeSeconds(time: number): string {
  return String(Math.max(1, Math.ceil(time / 1000)));
}
