/** A request body that can be read only once. */
export type OneShot = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Whether a request body can be read only once: a stream, or an async iterable (Node's streams). */
export function isOneShot(body: unknown): body is OneShot {
  return (
    typeof body === 'object' &&
    body !== null &&
    ('getReader' in body || Symbol.asyncIterator in body)
  );
}

/**
 * Makes a one-shot body fit for several attempts. Up to a number of bytes it is kept, and sent as
 * bytes. A longer one is sent as what was kept and then the rest of the stream; once an attempt has
 * asked for the rest, there is no other.
 */
export class OneShotBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #kept: Uint8Array<ArrayBuffer>[] = [];
  readonly #limit: number;
  #size = 0;
  #filled: Promise<void> | null = null;
  /** The source has ended: what is kept is all of it. */
  #whole = false;
  #spent = false;

  /** @throws TypeError for a stream that was read from, or is being read. */
  constructor(body: OneShot, limit: number) {
    // Response checks what fetch would, and knows async iterables wherever fetch does.
    this.#reader = new Response(
      body as ConstructorParameters<typeof Response>[0],
    ).body!.getReader();
    this.#limit = limit;
  }

  /** Another attempt can send it. */
  get replayable(): boolean {
    return !this.#spent;
  }

  /** The body of one attempt. */
  async take(): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
    await (this.#filled ??= this.#fill());
    return this.#whole ? joined(this.#kept, this.#size) : this.#resumed();
  }

  /** No attempt will send it any more. */
  release(reason: unknown): void {
    if (!this.#whole) this.#reader.cancel(reason).catch(() => {});
  }

  async #fill(): Promise<void> {
    while (this.#size <= this.#limit) {
      const chunk = await this.#next();
      if (chunk === null) {
        this.#whole = true;
        return;
      }
      this.#kept.push(chunk as Uint8Array<ArrayBuffer>);
      this.#size += chunk.byteLength;
    }
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const { done, value } = await this.#reader.read();
      return done ? null : value;
    } catch (error) {
      this.#spent = true;
      throw error;
    }
  }

  /** What was kept, then the rest; nothing is asked for before fetch has a connection to send it on. */
  #resumed(): ReadableStream<Uint8Array> {
    const kept = this.#kept.values();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const { done, value } = kept.next();
          if (!done) {
            controller.enqueue(value);
            return;
          }
          this.#spent = true;
          const chunk = await this.#next();
          if (chunk === null) controller.close();
          else controller.enqueue(chunk);
        },
        cancel: (reason) => {
          if (this.#spent) this.release(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/** All chunks as one, with a buffer of just that size. */
export function joined(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
