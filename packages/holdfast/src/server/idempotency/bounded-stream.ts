import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';

/** How much of an answer is held. */
export interface HoldLimits {
  readonly bytes: number;
  /** Milliseconds, from its first piece; Infinity for as long as it takes. */
  readonly time: number;
}

const encoder = new TextEncoder();

/** A stream's bytes if they are few enough and come soon enough, else a stream of all of them, none of which was lost. */
export type BoundedStream =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'beyond'; readonly stream: ReadableStream<Uint8Array> };

/**
 * Reads a stream to its end, or until it passes the limits. Rejects with what the stream fails with.
 */
export async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  { bytes, time }: HoldLimits,
): Promise<BoundedStream> {
  const reader = stream.getReader();
  const held: Uint8Array[] = [];
  let size = 0;
  let hold: Sleep | undefined;
  let next: ReadResult | undefined;
  try {
    while (size <= bytes) {
      next ??= reader.read();
      const read = await (hold === undefined ? next : Promise.race([next, hold.over]));
      if (read === undefined) break;
      if (read.done) return { kind: 'whole', bytes: joined(held, size) };
      held.push(read.value);
      size += read.value.byteLength;
      next = undefined;
      if (time < Infinity) hold ??= new Sleep(systemRuntime.clock, time);
    }
  } finally {
    hold?.wake();
  }
  return { kind: 'beyond', stream: resumed(held, reader, next) };
}

type ReadResult = ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>;

/** A stream of the web's of what may be one of Node's, whose pieces may be strings. */
export function webStreamOf(chunks: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  return ReadableStream.from(bytesIn(chunks));
}

async function* bytesIn(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield typeof chunk === 'string' ? encoder.encode(chunk) : (chunk as Uint8Array);
  }
}

/** One array of all the bytes. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** What was read already, then the rest, at the pace of whoever reads it. */
function resumed(
  held: Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
  asked: ReadResult | undefined,
): ReadableStream<Uint8Array> {
  let next = asked;
  return new ReadableStream({
    async pull(controller) {
      const first = held.shift();
      if (first !== undefined) return controller.enqueue(first);
      const { done, value } = await (next ?? reader.read());
      next = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** Server-sent events: an answer that is meant to be read while it is written, so it is never held. */
export function isEventStream(contentType: string | null | undefined): boolean {
  return /^\s*text\/event-stream\s*(;|$)/i.test(contentType ?? '');
}
