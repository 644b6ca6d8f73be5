import { Sleep } from '../../idempotency/sleep.ts';
import { systemRuntime } from '../../runtime/system.ts';
import { type Closing, whenLeft } from './when-closed.ts';

/** A response, of which Node takes the connection for idle once it was ended. */
interface Ending extends Closing {
  readonly writableEnded: boolean;
}

/** An answer on its way, and its place among all. */
interface Place {
  readonly response: Ending;
  /** `GONE` once it has left. */
  at: number;
}

/** Instead of a place. */
const GONE = -1;
/** Between looks at what is still on its way, in milliseconds. */
const LOOK_EVERY = 20;

/**
 * Answers that have not left. A server that closes ends the connections that are idle, and for Node one is idle whose
 * answer was ended, though most of it may still be here: whoever reads it would get half. Of one that is ended later
 * nothing is lost.
 */
export class Leaving {
  /**
   * In no order. Not a Set, since one that always changes makes itself a new table now and then, and each table knows the
   * next. Once one of them lies among V8's old objects, dead or not, all later tables live until the whole heap is
   * collected, with the answers in them.
   */
  readonly #places: Place[] = [];

  /** Counts it from now on. Calls back, as `whenLeft` does, when it has left or its client has gone. */
  add(response: Ending, then: () => void): void {
    const place: Place = { response, at: this.#places.length };
    this.#places.push(place);
    whenLeft(response, () => {
      this.#remove(place);
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
    return this.#places.some(({ response }) => response.writableEnded);
  }

  /** The last one takes its place. */
  #remove(place: Place): void {
    if (place.at === GONE) return;
    const last = this.#places.pop()!;
    if (last !== place) {
      last.at = place.at;
      this.#places[place.at] = last;
    }
    place.at = GONE;
  }
}
