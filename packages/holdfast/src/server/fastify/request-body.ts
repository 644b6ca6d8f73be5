import type { IncomingMessage } from 'node:http';
import type { RequestBody } from '../idempotency/http.ts';
import { http2StreamOf } from '../idempotency/http2.ts';
import { readBody } from '../idempotency/node-request.ts';
import type { RequestLike } from './types.ts';

/** The body of a request in `preHandler`: what a parser has made of it, or what HTTP/2 has brought unannounced. */
export function bodyOf(
  { headers, body, raw }: RequestLike,
  limit: number,
): RequestBody | Promise<RequestBody> {
  // Over HTTP/2 there may be one of which no header tells, and Fastify leaves it alone.
  const isLeft = (body ?? null) === null && http2StreamOf(raw) !== undefined;
  const request = raw as IncomingMessage;
  if (isLeft && !request.readableDidRead) return readBody(request, limit);
  if (Number(headers['content-length'] ?? 0) > limit) return { kind: 'too-large' };
  if (body instanceof Uint8Array) return { kind: 'bytes', bytes: body };
  if (typeof body === 'string') return { kind: 'bytes', bytes: new TextEncoder().encode(body) };
  return body === undefined ? { kind: 'none' } : { kind: 'parsed', value: body };
}

/**
 * Why nobody could tell what is asked for, where a body came that no parser has made something of, or that is of parts
 * still to be read; else undefined.
 */
export function whyUnparsed(
  { method, headers, body }: RequestLike,
  route: string,
): Error | undefined {
  const length = headers['content-length'] ?? '0';
  const came = 'transfer-encoding' in headers || length !== '0';
  // JSON's own null was parsed.
  const isNull = body === null && isJson(headers['content-type']);
  const isParsed = body !== undefined && body !== null && !isStream(body);
  const isForm = String(headers['content-type']).startsWith('multipart/');
  if (!came || isNull || (isParsed && !(isForm && isOfParts(body)))) return undefined;
  return new TypeError(
    isParsed
      ? `holdfast: the body of ${method} ${route} is of parts, and not of their values, ` +
          "so requests cannot be told apart: @fastify/multipart needs attachFieldsToBody: 'keyValues'"
      : `holdfast: nothing has parsed the body of ${method} ${route} before preHandler, ` +
          'so requests cannot be told apart: an idempotent route needs a parser that gives the whole body',
  );
}

/** As @fastify/multipart has them with `attachFieldsToBody: true`: each part knows all others, and so itself. */
function isOfParts(body: unknown): boolean {
  if (typeof body !== 'object' || body instanceof Uint8Array) return false;
  const parts: unknown[] = Object.values(body as object).flat();
  return parts.some((part) => (part as { fields?: unknown } | null)?.fields === body);
}

function isStream(body: unknown): boolean {
  return typeof (body as { pipe?: unknown }).pipe === 'function' || body instanceof ReadableStream;
}

function isJson(type: string | string[] | undefined): boolean {
  return /\bjson\b/i.test(String(type));
}
