import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type Closing, whenLeft } from './when-closed.ts';

/** A response, of which Node takes the connection for idle once it was ended. */
interface Ending extends Closing {
  readonly writableEnded: boolean;
}

/** Between looks at what is still on its way, in milliseconds. */
const LOOK_EVERY = 20;

/**
 * Answers that have not left. A server that closes ends the connections that are idle, and for Node one is idle whose
 * answer was ended, though most of it may still be here: whoever reads it would get half. Of one that is ended later
 * nothing is lost.
 */
export class Leaving {
  readonly #responses = new Set<Ending>();

  /** Counts it from now on. Calls back, as `whenLeft` does, when it has left or its client has gone. */
  add(response: Ending, then: () => void): void {
    this.#responses.add(response);
    whenLeft(response, () => {
      this.#responses.delete(response);
      then();
    });
  }

  /** Until all that were ended have left, or for so many milliseconds. */
  async over(patience: number): Promise<void> {
    const { clock } = systemRuntime;
    const until = clock.now() + patience;
    while (this.#isBusy && clock.now() < until) await new Sleep(clock, LOOK_EVERY).over;
  }

  get #isBusy(): boolean {
    return [...this.#responses].some(({ writableEnded }) => writableEnded);
  }
}
