import { type Clock, startUnref, TimerNode } from '../runtime/clock.ts';

/** A wait that can be cut short. Resolves once, and leaves neither timer nor listener behind. */
export class Sleep extends TimerNode {
  readonly over: Promise<void>;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #resolve!: () => void;

  /** @param isUnref whether a process that has nothing else to do may end meanwhile. */
  constructor(clock: Clock, time: number, signal?: AbortSignal, isUnref = false) {
    super();
    this.#clock = clock;
    this.#signal = signal;
    this.over = new Promise((resolve) => (this.#resolve = resolve));
    clock.now();
    if (signal?.aborted === true) this.#resolve();
    else {
      if (isUnref) startUnref(clock, this, time);
      else clock.start(this, time);
      signal?.addEventListener('abort', this);
    }
  }

  wake(): void {
    this.#clock.stop(this);
    this.#signal?.removeEventListener('abort', this);
    this.#resolve();
  }

  handleEvent(): void {
    this.wake();
  }

  override expire(): void {
    this.wake();
  }
}
