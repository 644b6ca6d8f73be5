import type { Classifier, Judgement, Verdict } from '../core/outcome.ts';
import { judgeNetworkError } from './network-errors.ts';

/** The trailer in which servers say how long to wait before another try, in milliseconds; below 0 for never (gRFC A6). */
const PUSHBACK = 'grpc-retry-pushback-ms';

/** gRPC's status codes in the order of their numbers, with what they mean to us. */
const CODES = [
  ['OK', 'success'],
  ['CANCELLED', 'ignored'],
  ['UNKNOWN', 'terminal'],
  ['INVALID_ARGUMENT', 'terminal'],
  ['DEADLINE_EXCEEDED', 'timeout'],
  ['NOT_FOUND', 'terminal'],
  ['ALREADY_EXISTS', 'terminal'],
  ['PERMISSION_DENIED', 'terminal'],
  ['RESOURCE_EXHAUSTED', 'overload'],
  ['FAILED_PRECONDITION', 'terminal'],
  ['ABORTED', 'transient'],
  ['OUT_OF_RANGE', 'terminal'],
  ['UNIMPLEMENTED', 'terminal'],
  ['INTERNAL', 'terminal'],
  ['UNAVAILABLE', 'transient'],
  ['DATA_LOSS', 'terminal'],
  ['UNAUTHENTICATED', 'terminal'],
] as const;

const NAMES: readonly string[] = CODES.map(([name]) => name);
const VERDICTS: ReadonlyMap<unknown, Verdict> = new Map<unknown, Verdict>(CODES);

/** Of a message that is too large, clients themselves raise RESOURCE_EXHAUSTED: the server has done its work, or never will. */
const TOO_LARGE = /message.*(larger than|too large|exceeds)/i;

/** As much of an error as is looked at; the clients differ in all of it. */
interface StatusError {
  /** A number (grpc-js, Connect, nice-grpc) or its name (protobuf-ts). */
  readonly code?: unknown;
  readonly message?: unknown;
  /** The trailers: grpc-js's `Metadata`, whose `get` answers a list, or Connect's `Headers`. */
  readonly metadata?: { readonly get?: unknown };
}

/**
 * What a gRPC outcome means, by the code of the error that the client was rejected with:
 *
 * | code | verdict |
 * |---|---|
 * | `UNAVAILABLE`, `ABORTED` | `transient` |
 * | `RESOURCE_EXHAUSTED`; `UNAVAILABLE` with a pushback | `overload` |
 * | `DEADLINE_EXCEEDED` | `timeout` |
 * | `CANCELLED` | `ignored` |
 * | all others; a message that is too large | `terminal` |
 *
 * The trailer `grpc-retry-pushback-ms` is heeded: no further attempt is made before that time, and
 * none at all if it is negative or no number. An error without a gRPC code is judged as a network error.
 */
export const grpcClassifier: Classifier = (outcome) =>
  outcome.ok ? 'success' : judge(outcome.error);

function judge(error: unknown): Verdict | Judgement {
  const { code, message, metadata } = (error ?? {}) as StatusError;
  const name = typeof code === 'number' ? NAMES[code] : code;
  const verdict = VERDICTS.get(name);
  if (verdict === undefined) return judgeNetworkError(error);
  if (verdict === 'overload' && TOO_LARGE.test(String(message))) return 'terminal';
  const pushback = pushbackOf(metadata);
  if (pushback === null) return verdict;
  return {
    // A server that says when to come again is not gone: it has too much to do.
    verdict: name === 'UNAVAILABLE' ? 'overload' : verdict,
    ...(pushback >= 0 ? { retryAfter: pushback } : { retry: false as const }),
  };
}

/** Milliseconds; less than 0 for "never", null if nothing is said. */
function pushbackOf(metadata: StatusError['metadata']): number | null {
  if (typeof metadata?.get !== 'function') return null;
  const given: unknown = metadata.get(PUSHBACK);
  const text: unknown = Array.isArray(given) ? given[0] : given;
  if (text === undefined || text === null) return null;
  return /^\d{1,10}$/.test(String(text)) ? Number(text) : -1;
}
