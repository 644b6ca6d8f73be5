import { formatDuration } from '../../core/duration.ts';
import type { Result } from '../../core/edge.ts';
import { AttemptTimeoutError } from '../../core/errors.ts';
import { emit } from '../../core/events.ts';
import { TimerNode } from '../../runtime/clock.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { BodyFailedEvent } from '../telemetry.ts';
import { OpenBodies } from './open-bodies.ts';

export type Bytes = Uint8Array<ArrayBuffer>;
type Controller = ReadableStreamDefaultController<Bytes> | ReadableByteStreamController;

/** What all bodies of one `resilientFetch` have in common. */
export interface BodyLimits {
  readonly runtime: Runtime;
  /** How long a body may bring nothing while it is being read, in milliseconds; null for no limit. */
  readonly idle: number | null;
}

/**
 * What happens to a response's body after its headers have ended the call: it is read chunk by
 * chunk, and ends when a chunk is too long in coming or when the caller aborts. Time runs only
 * while a chunk is awaited, so a slow reader is never cut, and a body that nobody reads has no
 * timer. As a timer node, it is that timer.
 */
export class WatchedBody extends TimerNode {
  readonly limits: BodyLimits;
  readonly result: Result<unknown>;
  /** The signals whose abort ends it. */
  readonly signals: AbortSignal[] = [];
  /** Asked for each time: a clone gives the response another stream. */
  readonly #native: () => ReadableStream<Bytes>;
  #reader: ReadableStreamDefaultReader<Bytes> | null = null;
  #stream: ReadableStream<Bytes> | null = null;
  #controller: Controller | null = null;
  /** Whether `bytes` has been called, which locks the stream for good. */
  #takenWhole = false;
  #failure: Failure | null = null;
  /** Where its signals know it; it leaves them when it ends. */
  #places: OpenBodies[] = [];
  #weakly: WeakRef<WatchedBody> | null = null;

  constructor(limits: BodyLimits, result: Result<unknown>, native: () => ReadableStream<Bytes>) {
    super();
    this.limits = limits;
    this.result = result;
    this.#native = native;
  }

  /** Ends with this signal's reason when it aborts before the body has ended. */
  endsWith(signal: AbortSignal): void {
    this.signals.push(signal);
    if (signal.aborted) this.fail(signal.reason);
    else this.#places.push(OpenBodies.add(signal, this, this.limits.runtime.clock));
  }

  /** A weak reference, always the same, for those who must not keep the body alive. */
  get weakly(): WeakRef<WatchedBody> {
    return (this.#weakly ??= new WeakRef(this));
  }

  /** Whether somebody has locked the stream, as a reader does. */
  get isLocked(): boolean {
    return this.#stream?.locked === true;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** The whole body. */
  async bytes(): Promise<Bytes> {
    this.#takenWhole = true;
    this.#stream?.getReader();
    const chunks: Bytes[] = [];
    let size = 0;
    await this.#read((chunk) => {
      // A response that is not of fetch's making may bring anything.
      if (!isBytes(chunk)) throw new TypeError('Received a chunk that is no bytes');
      size += chunk.byteLength;
      chunks.push(chunk);
      return true;
    });
    return chunks.length === 1 && isAlone(chunks[0]!) ? chunks[0]! : joined(chunks, size);
  }

  /** The body as a stream. The response's own stream is locked, and read, only once this one is read. */
  stream(): ReadableStream<Bytes> {
    if (this.#stream !== null) return this.#stream;
    const source = {
      start: (controller: Controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: (reason: unknown) => {
        this.#end();
        return this.#cancel(reason);
      },
    };
    // A byte stream only over another one: it takes each chunk's memory away from whoever made it.
    const type = isOfBytes(this.#native()) ? { type: 'bytes' } : {};
    const stream = new ReadableStream<Bytes>({ ...type, ...source } as object, {
      highWaterMark: 0,
    });
    this.#stream = stream;
    if (this.#takenWhole) stream.getReader();
    return stream;
  }

  /** Ends it: whoever reads it is told `reason`, and its socket is let go. */
  fail(reason: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = { reason };
    this.#end();
    this.#controller?.error(reason);
    // A cancelled read is answered as if the body had ended; `#read` tells the difference.
    this.#cancel(reason).catch(() => {});
  }

  override expire(): void {
    const { dependency } = this.limits.runtime;
    const { attempts } = this.result;
    this.#tell('timeout');
    this.fail(
      new AttemptTimeoutError({
        dependency,
        policy: 'fetch',
        reason: `no more of the body within ${formatDuration(this.limits.idle!)}`,
        attempts,
        made: attempts.length,
        stoppedBy: 'attempts',
      }),
    );
  }

  async #pull(): Promise<void> {
    const controller = this.#controller!;
    const isOver = await this.#read((chunk) => {
      controller.enqueue(chunk);
      return false;
    });
    if (!isOver) return;
    controller.close();
    if ('byobRequest' in controller) controller.byobRequest?.respond(0);
  }

  /** Hands chunks to `take` until that answers false; true once the body has ended. */
  async #read(take: (chunk: Bytes) => boolean): Promise<boolean> {
    this.#throwFailure();
    const reader = (this.#reader ??= this.#native().getReader());
    for (;;) {
      let next: Awaited<ReturnType<typeof reader.read>>;
      this.#startTimer();
      try {
        next = await reader.read();
      } catch (error) {
        throw this.#brokenBy(error);
      }
      this.limits.runtime.clock.stop(this);
      if (next.done) break;
      if (!take(next.value)) return false;
    }
    this.#end();
    this.#throwFailure();
    return true;
  }

  /** What its reader is told when the native stream fails: our own reason, if it was ours. */
  #brokenBy(error: unknown): unknown {
    this.#end();
    if (this.#failure !== null) return this.#failure.reason;
    this.#tell('error');
    return error;
  }

  #tell(why: BodyFailedEvent['why']): void {
    const { runtime } = this.limits;
    if (runtime.sink === null) return;
    const { dependency } = runtime;
    emit<BodyFailedEvent>(runtime, { type: 'fetch.body-failed', dependency, why });
  }

  #startTimer(): void {
    const { idle, runtime } = this.limits;
    if (idle === null) return;
    runtime.clock.now();
    runtime.clock.start(this, idle);
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.reason;
  }

  #cancel(reason: unknown): Promise<void> {
    return (this.#reader ?? this.#native()).cancel(reason);
  }

  #end(): void {
    this.limits.runtime.clock.stop(this);
    for (const place of this.#places) place.leave(this);
    this.#places = [];
  }
}

/** Whether it is a `Uint8Array`, of any realm. Other views would be copied as something else. */
function isBytes(chunk: unknown): boolean {
  return ArrayBuffer.isView(chunk) && (chunk as Bytes)[Symbol.toStringTag] === 'Uint8Array';
}

/** All chunks as one, with a buffer of just that size. */
function joined(chunks: readonly Bytes[], size: number): Bytes {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Whether nothing else has a part of these bytes' memory. */
function isAlone({ buffer, byteLength }: Bytes): boolean {
  return buffer.byteLength === byteLength;
}

/** Whether a stream is one of bytes. Nobody has read from it, so asking takes nothing away. */
function isOfBytes(stream: ReadableStream<Bytes>): boolean {
  try {
    stream.getReader({ mode: 'byob' }).releaseLock();
    return true;
  } catch {
    return false;
  }
}

/** Why a body has failed. In an object, since the reason may be anything, undefined included. */
interface Failure {
  readonly reason: unknown;
}
