import { type OutgoingHttpHeaders, type ServerResponse, validateHeaderValue } from 'node:http';
import { http2StreamOf } from './http2.ts';
import type { AnswerHead, HttpAnswer } from './http-idempotency.ts';

/** Headers in any of the forms that `writeHead` takes. */
export type GivenHeaders = OutgoingHttpHeaders | readonly unknown[];

/** What was set on a response so far. */
export function headOf(response: ServerResponse): AnswerHead {
  const headers = response.getHeaderNames().flatMap((name) => {
    const value = response.getHeader(name)!;
    const values = Array.isArray(value) ? value : [String(value)];
    return values.map((one) => [name, one] as const);
  });
  return { status: response.statusCode, headers };
}

/** The values of each name, in their order. */
function byName(headers: AnswerHead['headers']): ReadonlyMap<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) values.set(name, [...(values.get(name) ?? []), value]);
  return values;
}

/** Sets headers as `writeHead` does. */
export function setHeaders(response: ServerResponse, given: GivenHeaders | undefined): void {
  if (given === undefined || given === null) return;
  if (!Array.isArray(given)) {
    for (const [name, value] of Object.entries(given)) response.setHeader(name, value as string);
    return;
  }
  const flat = (Array.isArray(given[0]) ? given.flat() : given) as string[];
  for (let at = 0; at < flat.length; at += 2) response.removeHeader(flat[at]!);
  for (let at = 0; at < flat.length; at += 2) response.appendHeader(flat[at]!, flat[at + 1]!);
}

/** @throws TypeError for a status message that Node could not send; HTTP/2 has none. */
export function checkMessage(response: ServerResponse): void {
  const message = http2StreamOf(response) === undefined && response.statusMessage;
  if (message) validateHeaderValue('status message', message);
}

/** Refuses changes of a head that is on its way, as Node does. Answers what makes it as it was. */
export function closeHead(response: ServerResponse): () => void {
  const { statusCode, setHeader, appendHeader, removeHeader } = response;
  Object.assign(response, { setHeader: refuse, appendHeader: refuse, removeHeader: refuse });
  return () => Object.assign(response, { statusCode, setHeader, appendHeader, removeHeader });
}

function refuse(): never {
  const message = 'Cannot change headers after the response was told to be sent';
  throw Object.assign(new Error(message), { code: 'ERR_HTTP_HEADERS_SENT' });
}

/** A whole body is sent with its length, unless it is told to come in chunks, as trailers need. */
export function setLength(response: ServerResponse, length: number): void {
  if (response.hasHeader('transfer-encoding') || response.hasHeader('trailer')) return;
  if (hasBody(response)) response.setHeader('Content-Length', length);
}

/** Whether what was written is sent: some statuses have no body, and HEAD asks for none. */
export function hasBody({ statusCode, req }: ServerResponse): boolean {
  return statusCode !== 204 && statusCode !== 304 && req.method !== 'HEAD';
}

/** What ends a response: its own methods, or those of whoever came before. */
interface Ending {
  write(chunk: string | Uint8Array): boolean;
  end(chunk?: string | Uint8Array): unknown;
}

/**
 * Ends a response with all of its body. Where `end` brings the body, or the body is text, Node spoils a file's name that is
 * not ASCII (`Content-Disposition`): then it is written before, as bytes.
 */
export function endWhole(
  response: ServerResponse,
  body: string | Uint8Array,
  by: Ending = response,
): void {
  const isFile = body.length > 0 && response.hasHeader('content-disposition');
  if (isFile) by.write.call(response, typeof body === 'string' ? Buffer.from(body) : body);
  by.end.call(response, isFile ? undefined : body);
}

/** Headers that say something of the body, and of no other. */
export const OF_A_BODY: readonly string[] = [
  'content-length',
  'content-encoding',
  'content-type',
  'etag',
];

/** Sends an answer that is not a handler's. Headers that were set for all answers stay, those of a body do not. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
  by: Ending = response,
): void {
  response.statusCode = status;
  for (const name of OF_A_BODY) response.removeHeader(name);
  // One value as text: what compresses does not look into lists.
  for (const [name, values] of byName(headers)) {
    response.setHeader(name, values.length === 1 ? values[0]! : values);
  }
  setLength(response, body.length);
  endWhole(response, body, by);
}
