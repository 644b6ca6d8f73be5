import { type Clock, TimerNode } from '../../runtime/clock.ts';
import type { WatchedBody } from './watched-body.ts';

/** From so many bodies on, those that the garbage collector has taken are looked for. */
const SWEEP_FROM = 64;

/**
 * The open bodies of calls that were made with one signal: when it aborts, they end with its reason.
 *
 * Many callers never read the body of an answer that they do not like. The runtime frees the socket
 * under such an answer when it is collected, and a signal that lives as long as the process must not
 * prevent that. So bodies are held weakly, but only from the end of the turn that brought them: most
 * have ended by then. However many there are, the signal has one listener, which is taken off a turn
 * after the last of them has ended.
 */
export class OpenBodies extends TimerNode {
  static readonly #bySignal = new WeakMap<AbortSignal, OpenBodies>();

  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  /** The bodies of this turn, held strongly: a weak reference costs the collector more than all else of a body. */
  readonly #fresh = new Set<WatchedBody>();
  readonly #bodies = new Set<WeakRef<WatchedBody>>();
  #sweepAt = SWEEP_FROM;

  /** Ends `body` when `signal` aborts. */
  static add(signal: AbortSignal, body: WatchedBody, clock: Clock): OpenBodies {
    let open = OpenBodies.#bySignal.get(signal);
    if (open === undefined) {
      open = new OpenBodies(signal, clock);
      OpenBodies.#bySignal.set(signal, open);
      signal.addEventListener('abort', open);
    }
    open.#fresh.add(body);
    open.#lookSoon();
    return open;
  }

  private constructor(signal: AbortSignal, clock: Clock) {
    super();
    this.#signal = signal;
    this.#clock = clock;
  }

  /** A body has ended. */
  leave(body: WatchedBody): void {
    if (!this.#fresh.delete(body)) this.#bodies.delete(body.weakly);
    this.#lookSoon();
  }

  /** The signal has aborted. */
  handleEvent(): void {
    const { reason } = this.#signal;
    for (const body of this.#fresh) body.fail(reason);
    for (const ref of this.#bodies) ref.deref()?.fail(reason);
  }

  override expire(): void {
    this.#sweep();
    for (const body of this.#fresh) this.#bodies.add(body.weakly);
    this.#fresh.clear();
    if (this.#bodies.size > 0) return;
    OpenBodies.#bySignal.delete(this.#signal);
    this.#signal.removeEventListener('abort', this);
  }

  #lookSoon(): void {
    if (this.timerOwner === null) this.#clock.start(this, 0);
  }

  #sweep(): void {
    const bodies = this.#bodies;
    if (bodies.size < this.#sweepAt) return;
    for (const ref of bodies) if (ref.deref() === undefined) bodies.delete(ref);
    this.#sweepAt = Math.max(SWEEP_FROM, 2 * bodies.size);
  }
}
