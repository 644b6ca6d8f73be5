import { isAscii, isUtf8 } from 'node:buffer';
import { Readable } from 'node:stream';
import {
  type HoldLimits,
  isEventStream,
  type NodeReadable,
  readUpTo,
  webStreamOf,
} from '../idempotency/bounded-stream.ts';
import type { HttpAnswer } from '../idempotency/http.ts';

/** A payload as `onSend` gets it: its bytes, or what to send of one that cannot be held. */
export type HeldPayload =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'beyond'; readonly payload: unknown };

/**
 * Holds a payload within the limits: text, bytes, a stream of Node's or of the web, or none. Rejects with what a stream
 * fails with.
 */
export async function hold(
  payload: unknown,
  contentType: string,
  limits: HoldLimits,
): Promise<HeldPayload> {
  if (payload === undefined || payload === null) return { kind: 'whole', bytes: new Uint8Array() };
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
    return bytes.byteLength <= limits.bytes
      ? { kind: 'whole', bytes }
      : { kind: 'beyond', payload };
  }
  const isWeb = payload instanceof ReadableStream;
  if (isEventStream(contentType) || !(isWeb || isReadable(payload))) {
    return { kind: 'beyond', payload };
  }
  const read = await readUpTo(webStreamOf(payload), limits);
  if (read.kind === 'whole') return read;
  // Of the kind that it was: hooks that come later may know only that.
  const rest = isWeb ? read.stream : Readable.fromWeb(read.stream as FromWeb);
  return { kind: 'beyond', payload: rest };
}

/**
 * The body of an answer that is no handler's, as a handler would have sent it: hooks of `onSend` that know text alone
 * would fail with bytes. But with text Node spoils a file's name that is not ASCII (`Content-Disposition`).
 */
export function payloadOf({ headers, body }: HttpAnswer): string | Buffer {
  const bytes = bufferOf(body);
  const isNamed = headers.some(
    ([name, value]) => isDisposition(name) && !isAscii(Buffer.from(value)),
  );
  return isNamed || !isUtf8(bytes) ? bytes : bytes.toString();
}

function isDisposition(name: string): boolean {
  return name.toLowerCase() === 'content-disposition';
}

/** Fastify sends no other bytes. */
export function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Closes a stream that nobody will read. False for any other payload. */
export function closeStream(payload: unknown): boolean {
  if (payload instanceof ReadableStream) {
    payload.cancel().catch(unheard);
    return true;
  }
  if (!isReadable(payload)) return false;
  payload.on('error', unheard);
  payload.destroy();
  return true;
}

/** What a source says to its end is nobody's; an error that nobody hears ends the process. */
const unheard = (): void => {};

type FromWeb = Parameters<typeof Readable.fromWeb>[0];

function isReadable(payload: unknown): payload is NodeReadable & Pick<Readable, 'on'> {
  return typeof (payload as Partial<Readable> | null | undefined)?.iterator === 'function';
}
