/** A request body that can be read only once. */
type OneShot = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;
type Bytes = Uint8Array<ArrayBuffer>;

/** Makes a body that can be read only once fit for several attempts. */
export interface AttemptBody {
  /** Whether another attempt can send it. */
  readonly replayable: boolean;
  /** What one attempt adds to `init` to send this body. */
  take(): Promise<RequestInit>;
  /** No attempt will send it any more. */
  release(reason: unknown): void;
}

/**
 * The body of a request, if it can be read only once: a stream, an async iterable (Node's streams),
 * the body of a `Request`. Null if not.
 *
 * @param limit how many bytes may be kept, to be sent again.
 * @throws TypeError for a body that was read from, or is being read.
 */
export function attemptBodyOf(
  request: Request | null,
  given: unknown,
  limit: number,
): AttemptBody | null {
  if (given !== undefined && given !== null) {
    return isOneShot(given) ? new StreamBody(given, limit) : null;
  }
  const body = request?.body;
  if (!isOneShot(body)) return null;
  // Another implementation's Request may have a stream of another kind.
  return 'getReader' in body ? new RequestBody(request!, limit) : new StreamBody(body, limit);
}

function isOneShot(body: unknown): body is OneShot {
  return (
    typeof body === 'object' &&
    body !== null &&
    ('getReader' in body || Symbol.asyncIterator in body)
  );
}

/**
 * A stream. One of up to `limit` bytes is kept, and sent as bytes. Of a longer one, its kept start is
 * sent, then the rest of the stream; once an attempt has asked for the rest, no other can be made.
 */
class StreamBody implements AttemptBody {
  readonly #start: Start;
  #isSpent = false;

  constructor(body: OneShot, limit: number) {
    // Response checks what fetch would, and knows async iterables wherever fetch does.
    const { body: stream } = new Response(body as ConstructorParameters<typeof Response>[0]);
    this.#start = new Start(stream!.getReader(), limit);
  }

  get replayable(): boolean {
    return !this.#isSpent && !this.#start.hasFailed;
  }

  async take(): Promise<RequestInit> {
    await this.#start.read();
    const body = this.#start.isAll ? this.#start.blob() : this.#resumed();
    return { body, duplex: 'half' } as RequestInit;
  }

  release(reason: unknown): void {
    if (!this.#start.isAll) this.#start.reader.cancel(reason).catch(() => {});
  }

  /** What was kept, then the rest. Nothing is read before fetch has a connection to send it on. */
  #resumed(): ReadableStream<Uint8Array> {
    const { reader, chunks } = this.#start;
    const kept = chunks.values();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const first = kept.next();
          if (!first.done) {
            controller.enqueue(first.value);
            return;
          }
          this.#isSpent = true;
          const { done, value } = await reader.read();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => {
          if (this.#isSpent) this.release(reason);
        },
      },
      { highWaterMark: 0 },
    );
  }
}

/**
 * The body of a `Request`. One of up to `limit` bytes is kept, and sent as bytes. A longer one is left
 * to the Request, which may know its length and how to send it on after a redirect; it is sent once.
 */
class RequestBody implements AttemptBody {
  readonly #request: Request;
  readonly #start: Start;

  constructor(request: Request, limit: number) {
    if (request.bodyUsed || request.body!.locked) {
      throw new TypeError('a Request whose body has been used cannot be sent');
    }
    this.#request = request;
    this.#start = new Start(request.clone().body!.getReader(), limit);
  }

  get replayable(): boolean {
    const { isAll, hasFailed } = this.#start;
    return isAll || (!hasFailed && !this.#request.bodyUsed);
  }

  async take(): Promise<RequestInit> {
    const start = this.#start;
    await start.read();
    if (!start.isAll) {
      this.#release(start.reader);
      return {};
    }
    // Leaves the Request as fetch would: used.
    this.#release(this.#request.body!);
    return { body: start.blob() };
  }

  release(reason: unknown): void {
    if (this.#start.isAll) return;
    this.#release(this.#start.reader, reason);
    if (!isFilledByUndici(this.#request)) this.#release(this.#request.body!, reason);
  }

  /** Not waited for: of two clones, the first that is cancelled waits for the other. */
  #release(body: Pick<ReadableStream, 'cancel'>, reason?: unknown): void {
    body.cancel(reason).catch(() => {});
  }
}

/** Whether it is a form's body. Undici goes on to fill those after a cancel, and what that throws would end the process. */
function isFilledByUndici({ headers }: Request): boolean {
  return headers.get('content-type')?.includes('boundary=----formdata-undici') === true;
}

/** The start of a stream: all of it, or just more than `limit` bytes. */
class Start {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly chunks: Bytes[] = [];
  isAll = false;
  hasFailed = false;
  readonly #limit: number;
  #size = 0;
  #reading: Promise<void> | null = null;

  constructor(reader: ReadableStreamDefaultReader<Uint8Array>, limit: number) {
    this.reader = reader;
    this.#limit = limit;
  }

  /** Reads the start, once. */
  read(): Promise<void> {
    return (this.#reading ??= this.#read());
  }

  /** The whole stream, once all of it is here. A blob, since Node 22 cannot send bytes on after a redirect. */
  blob(): Blob {
    return new Blob(this.chunks);
  }

  async #read(): Promise<void> {
    try {
      while (this.#size <= this.#limit) {
        const { done, value } = await this.reader.read();
        if (done) {
          this.isAll = true;
          return;
        }
        this.chunks.push(value as Bytes);
        this.#size += value.byteLength;
      }
    } catch (error) {
      this.hasFailed = true;
      throw error;
    }
  }
}
