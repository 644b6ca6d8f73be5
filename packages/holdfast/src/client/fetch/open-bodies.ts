import { type Clock, TimerNode } from '../../runtime/clock.ts';
import type { WatchedBody } from './watched-body.ts';

/** From how many on, bodies that were collected are looked for. */
const SWEEP_FROM = 64;

/**
 * The bodies that are still open of the calls that were made with one signal: when it aborts, they
 * end with its reason.
 *
 * They are held weakly. Many a caller never reads the body of an answer it does not like, and the
 * runtime frees the socket under such an answer when it is collected; a signal that lives as long
 * as the process must not keep it from that. However many they are, the signal has one listener,
 * taken off a turn after the last of them has ended.
 */
export class OpenBodies extends TimerNode {
  static readonly #bySignal = new WeakMap<AbortSignal, OpenBodies>();

  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #bodies = new Set<WeakRef<WatchedBody>>();
  #sweepAt = SWEEP_FROM;

  /** Ends `body` when `signal` aborts. */
  static add(signal: AbortSignal, body: WatchedBody, clock: Clock): OpenBody {
    let open = OpenBodies.#bySignal.get(signal);
    if (open === undefined) {
      open = new OpenBodies(signal, clock);
      OpenBodies.#bySignal.set(signal, open);
      signal.addEventListener('abort', open);
    }
    return open.#add(body);
  }

  private constructor(signal: AbortSignal, clock: Clock) {
    super();
    this.#signal = signal;
    this.#clock = clock;
  }

  #add(body: WatchedBody): OpenBody {
    const bodies = this.#bodies;
    if (bodies.size >= this.#sweepAt) {
      for (const ref of bodies) if (ref.deref() === undefined) bodies.delete(ref);
      this.#sweepAt = Math.max(SWEEP_FROM, 2 * bodies.size);
    }
    const ref = new WeakRef(body);
    bodies.add(ref);
    return { leave: () => this.#leave(ref) };
  }

  #leave(ref: WeakRef<WatchedBody>): void {
    this.#bodies.delete(ref);
    if (this.#bodies.size === 0 && this.timerOwner === null) this.#clock.start(this, 0);
  }

  /** The signal has aborted. */
  handleEvent(): void {
    const { reason } = this.#signal;
    for (const ref of this.#bodies) ref.deref()?.fail(reason);
  }

  override expire(): void {
    if (this.#bodies.size > 0) return;
    OpenBodies.#bySignal.delete(this.#signal);
    this.#signal.removeEventListener('abort', this);
  }
}

/** A body's place among those of one signal. */
export interface OpenBody {
  leave(): void;
}
