/**
 * All that the runtime, the core and the policies may know of the platform besides the ES library.
 * Users never see this file: the emitted declarations name `AbortSignal`, which their own DOM or Node library has.
 */

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: AbortListener, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: AbortListener): void;
}

/** A function, or an object that listens without a closure. */
type AbortListener = (() => void) | { handleEvent(): void };

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: { new (): AbortController };

/** V8's, absent elsewhere. */
interface ErrorConstructor {
  stackTraceLimit?: number;
  captureStackTrace?(target: object, below?: unknown): void;
}
