/** A stream's bytes if they are few enough, else a stream of all of them, none of which was lost. */
export type BoundedStream =
  | { readonly kind: 'whole'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'beyond'; readonly stream: ReadableStream<Uint8Array> };

/**
 * Reads a stream to its end, or until it passes `limit` bytes. Rejects with what the stream fails with.
 */
export async function readUpTo(
  stream: ReadableStream<Uint8Array>,
  limit: number,
): Promise<BoundedStream> {
  const reader = stream.getReader();
  const held: Uint8Array[] = [];
  let size = 0;
  while (size <= limit) {
    const { done, value } = await reader.read();
    if (done) return { kind: 'whole', bytes: joined(held, size) };
    held.push(value);
    size += value.byteLength;
  }
  return { kind: 'beyond', stream: resumed(held, reader) };
}

/** One array of all the bytes. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
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
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      const first = held.shift();
      if (first !== undefined) return controller.enqueue(first);
      const { done, value } = await reader.read();
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
