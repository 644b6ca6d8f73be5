import type { IncomingMessage } from 'node:http';
import { http2StreamOf } from './http2.ts';
import type { RequestBody } from './http-idempotency.ts';

/**
 * What a parser has made of a body, or the body itself where nobody has read it. The size of a parsed one is known only
 * by its `Content-Length`.
 *
 * @throws TypeError for a body that was read and of which there is nothing: then nobody could tell what is asked for.
 */
export function bodyOf(
  request: IncomingMessage,
  parsed: unknown,
  limit: number,
): RequestBody | Promise<RequestBody> {
  if (!request.readableDidRead && !request.readableEnded) return readBody(request, limit);
  if (parsed === undefined && hasBody(request)) {
    if (hasBrokenOff(request)) return Promise.reject(brokenOff());
    throw new TypeError(
      'idempotent: the body was read, and request.body has nothing of it, so requests cannot be told apart: ' +
        'what reads it must put it there, or come after',
    );
  }
  if (Number(request.headers['content-length']) > limit) return { kind: 'too-large' };
  return { kind: 'parsed', value: parsed };
}

/**
 * Reads the body of a request that nobody has read, up to `limit` bytes, and gives it back: whoever reads the
 * request then, in whatever way, gets all of it. One that is too large is not given back; the rest of it is dropped.
 *
 * @throws (the promise rejects) Error when the client goes away before its end.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<RequestBody> {
  if (!hasBody(request)) return { kind: 'none' };
  if (Number(request.headers['content-length']) > limit) return dropped(request);
  // A request is told of before the rest of what came with it is parsed: then it is known whether it is complete.
  await Promise.resolve();
  const chunks = await gathered(request, limit);
  if (chunks === null) return dropped(request);
  if (chunks.length === 0 && isTold(request)) {
    throw new TypeError('idempotent: the request has nothing of its body, whose length it tells');
  }
  if (chunks.length === 0) return { kind: 'none' };
  const bytes = Buffer.concat(chunks);
  request.unshift(bytes);
  return { kind: 'bytes', bytes };
}

/** Read to the end, so that the connection can be used again; the server's `requestTimeout` bounds it. */
function dropped(request: IncomingMessage): RequestBody {
  request.resume();
  return { kind: 'too-large' };
}

/**
 * All chunks, or null beyond the limit. Leaves off where the stream is at its end and has not said so: once `end`
 * is emitted, nothing can be given back. So it never reads from a complete message that is empty.
 */
function gathered(request: IncomingMessage, limit: number): Promise<Buffer[] | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (): void => {
      while (size <= limit && request.readableLength > 0) {
        const chunk = request.read() as Buffer;
        chunks.push(chunk);
        size += chunk.length;
      }
      if (size > limit || isComplete(request)) stop(() => resolve(size > limit ? null : chunks));
    };
    const gone = (): void => stop(() => reject(brokenOff()));
    const stop = (settle: () => void): void => {
      request.off('readable', take).off('error', gone).off('close', gone);
      settle();
    };
    if (request.destroyed || hasBrokenOff(request)) return gone();
    // What stands for a request where functions are served is complete before it has made its body.
    if (isComplete(request) && request.readableLength === 0 && isTold(request)) request.read(0);
    // At once: the stream may not come to say that it is at its end.
    if (isComplete(request)) return take();
    request.on('readable', take).on('error', gone).on('close', gone);
  });
}

/** Whether a body comes. HTTP/2 needs no header to say so. */
function hasBody(request: IncomingMessage): boolean {
  const stream = http2StreamOf(request);
  if (stream !== undefined) return !stream.endAfterHeaders;
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  return coding !== undefined || Number(length) > 0;
}

/** Whether a body is told by its length. Node's own request that is complete has it then. */
function isTold({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length']) > 0;
}

/** Over HTTP/2, where such a request is not destroyed, but complete, and without what had come. */
function hasBrokenOff(request: IncomingMessage): boolean {
  return http2StreamOf(request)?.aborted === true;
}

function brokenOff(): Error {
  return new Error('the request broke off');
}

/** Whether all of it has come. */
function isComplete(request: IncomingMessage): boolean {
  return request.complete || http2StreamOf(request)?.readableEnded === true;
}
