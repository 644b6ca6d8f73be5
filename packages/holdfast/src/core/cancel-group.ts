import type { Clock } from '../runtime/clock.ts';
import { TimerNode } from '../runtime/clock.ts';
import type { Caller, CallGroup, Membership } from './call.ts';
import { interrupt } from './run.ts';

/** How many calls of one aborted signal end in one turn of the event loop. */
const ABORTS_PER_TURN = 256;

/** Calls that end together, in a linked list, so that any of them can leave at once. */
export class CancelGroup extends TimerNode implements CallGroup {
  protected readonly clock: Clock;
  #head: Place | null = null;
  #aborted = false;
  #reason: unknown = undefined;

  constructor(clock: Clock) {
    super();
    this.clock = clock;
  }

  get isEmpty(): boolean {
    return this.#head === null;
  }

  add(caller: Caller): void {
    const place = new Place(this, caller);
    place.next = this.#head;
    if (this.#head !== null) this.#head.previous = place;
    this.#head = place;
  }

  remove({ previous, next }: Place): void {
    if (previous === null) this.#head = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
  }

  /** Ends every call with this reason, untouched. */
  abort(reason: unknown): void {
    this.#aborted = true;
    this.#reason = reason;
    try {
      for (let left = ABORTS_PER_TURN; this.#head !== null && left > 0; left--) {
        const { caller } = this.#head;
        this.#head.leave();
        interrupt(caller.toCall(), {
          slot: -1,
          error: reason,
          verdict: 'ignored',
          stoppedBy: 'abort',
        });
      }
    } finally {
      // Also after a callback of one call has thrown: the others end all the same.
      if (this.#head !== null && this.timerOwner === null) this.clock.start(this, 0);
    }
  }

  expire(): void {
    if (this.#aborted) this.abort(this.#reason);
  }
}

/** One call's place in one group. */
class Place implements Membership {
  previous: Place | null = null;
  next: Place | null = null;
  readonly caller: Caller;
  readonly other: Membership | null;
  #group: CancelGroup | null;

  constructor(group: CancelGroup, caller: Caller) {
    this.#group = group;
    this.caller = caller;
    this.other = caller.membership;
    caller.membership = this;
  }

  leave(): void {
    this.#group?.remove(this);
    this.#group = null;
  }
}

/**
 * The calls of one AbortSignal. However many there are, the signal has one listener of ours; it is
 * taken off a turn after the last call has ended, so that a caller who makes one call after another
 * does not pay for it each time.
 */
class SignalGroup extends CancelGroup {
  readonly #signal: AbortSignal;
  readonly #groups: SignalGroups;
  readonly #onAbort = (): void => this.abort(this.#signal.reason);

  constructor(signal: AbortSignal, groups: SignalGroups, clock: Clock) {
    super(clock);
    this.#signal = signal;
    this.#groups = groups;
    signal.addEventListener('abort', this.#onAbort);
  }

  override remove(place: Place): void {
    super.remove(place);
    if (this.isEmpty && this.timerOwner === null) this.clock.start(this, 0);
  }

  override expire(): void {
    super.expire();
    if (!this.isEmpty) return;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#groups.forget(this.#signal);
  }
}

/** Finds the group of a signal; most callers use the same signal again. */
export class SignalGroups {
  readonly #clock: Clock;
  readonly #groups = new WeakMap<AbortSignal, SignalGroup>();
  #lastSignal: AbortSignal | null = null;
  #lastGroup: SignalGroup | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  of(signal: AbortSignal): CancelGroup {
    if (signal === this.#lastSignal) return this.#lastGroup!;
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = new SignalGroup(signal, this, this.#clock);
      this.#groups.set(signal, group);
    }
    this.#lastSignal = signal;
    this.#lastGroup = group;
    return group;
  }

  forget(signal: AbortSignal): void {
    this.#groups.delete(signal);
    if (signal === this.#lastSignal) {
      this.#lastSignal = null;
      this.#lastGroup = null;
    }
  }
}
