import { isEventStream, joined, readUpTo } from '../idempotency/bounded-stream.ts';

/** A payload as `onSend` gets it: its bytes, or what to send of one that cannot be held. */
export type HeldPayload =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array }
  | { readonly kind: 'beyond'; readonly payload: unknown };

/**
 * Holds a payload of at most `limit` bytes: text, bytes, a stream of Node's or of the web, or none. Rejects with what
 * a stream fails with.
 */
export async function hold(
  payload: unknown,
  contentType: string,
  limit: number,
): Promise<HeldPayload> {
  if (payload === undefined || payload === null) return whole(new Uint8Array());
  if (typeof payload === 'string' || payload instanceof Uint8Array) {
    const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
    return bytes.byteLength <= limit ? whole(bytes) : { kind: 'beyond', payload };
  }
  if (isEventStream(contentType)) return { kind: 'beyond', payload };
  if (payload instanceof ReadableStream) {
    const read = await readUpTo(payload as ReadableStream<Uint8Array>, limit);
    return read.kind === 'whole' ? read : { kind: 'beyond', payload: read.stream };
  }
  return isReadable(payload) ? holdReadable(payload, limit) : { kind: 'beyond', payload };
}

/** A stream of Node's. */
interface Readable {
  iterator(options: { destroyOnReturn: boolean }): AsyncIterable<string | Uint8Array>;
  unshift(chunk: string | Uint8Array): void;
  on(event: 'error', listener: () => void): unknown;
}

function isReadable(payload: unknown): payload is Readable {
  return typeof (payload as Partial<Readable>).iterator === 'function';
}

async function holdReadable(stream: Readable, limit: number): Promise<HeldPayload> {
  // Between here and Fastify's own listener nobody else would hear of its failing, which ends the process.
  stream.on('error', () => {});
  const chunks: (string | Uint8Array)[] = [];
  const held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    const bytes = typeof chunk === 'string' ? new TextEncoder().encode(chunk) : chunk;
    chunks.push(chunk);
    held.push(bytes);
    size += bytes.byteLength;
    if (size > limit) {
      for (const read of chunks.toReversed()) stream.unshift(read);
      return { kind: 'beyond', payload: stream };
    }
  }
  return whole(joined(held, size));
}

function whole(bytes: Uint8Array): HeldPayload {
  return { kind: 'whole', bytes };
}
