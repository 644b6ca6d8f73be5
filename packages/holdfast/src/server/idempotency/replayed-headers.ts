import type { AnswerHead } from './http-idempotency.ts';

/** The headers that are kept of an answer, and that its replays carry. */
export const REPLAYED_HEADERS: readonly string[] = [
  'content-type',
  'content-language',
  'content-encoding',
  'content-disposition',
  'content-location',
  'etag',
  'last-modified',
  'link',
  'location',
];

/** Of one connection, one message, one moment or one caller: no option makes them be replayed. */
const NEVER: ReadonlySet<string> = new Set([
  'age',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'retry-after',
  'server-timing',
  'set-cookie',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'www-authenticate',
  'x-request-id',
]);
const NEVER_BEGIN: readonly string[] = [
  'access-control-',
  'ratelimit',
  'x-ratelimit',
  'x-rate-limit',
];

/** Whether no replay may carry this header. By lower-case name. */
export function isNeverReplayed(name: string): boolean {
  return NEVER.has(name) || NEVER_BEGIN.some((begin) => name.startsWith(begin));
}

/** The headers of an answer that may be kept. */
export function keptHeaders(
  headers: AnswerHead['headers'],
  allowed: ReadonlySet<string>,
): AnswerHead['headers'] {
  return headers.filter(([name]) => allowed.has(name.toLowerCase()));
}
