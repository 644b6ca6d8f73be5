import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { checkPiece } from './piece.ts';

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
 * Reads a stream to its end, or until it passes the limits. Rejects with what the stream fails with, and with a TypeError
 * for a piece that is neither text nor bytes; the stream is closed then.
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
      const piece = bytesOf(read.value);
      checkPiece(piece);
      held.push(piece);
      size += piece.byteLength;
      next = undefined;
      if (time < Infinity) hold ??= new Sleep(systemRuntime.clock, time);
    }
  } catch (error) {
    // Nobody reads on; what has failed by itself says so once more.
    reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    hold?.wake();
  }
  return { kind: 'beyond', stream: resumed(held, reader, next) };
}

type ReadResult = ReturnType<ReadableStreamDefaultReader<Uint8Array>['read']>;

/** As much as is needed of a stream of Node's, of whatever copy. */
export interface NodeReadable extends AsyncIterable<unknown> {
  destroy(): unknown;
}

/** The same bytes as a stream of the web; pieces may be strings. Whoever cancels it ends the other at once. */
export function webStreamOf(
  stream: NodeReadable | ReadableStream<unknown>,
): ReadableStream<Uint8Array> {
  if (stream instanceof ReadableStream) {
    return stream.pipeThrough(
      new TransformStream({
        transform: (chunk, controller) => controller.enqueue(bytesOf(chunk)),
      }),
    );
  }
  const chunks = stream[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(bytesOf(value));
      },
      // The iterator's own end would wait for the next piece, which may never come.
      cancel: () => void stream.destroy(),
    },
    { highWaterMark: 0 },
  );
}

function bytesOf(chunk: unknown): Uint8Array {
  return typeof chunk === 'string' ? encoder.encode(chunk) : (chunk as Uint8Array);
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
