import type { TimerNode, TimerOwner } from '../runtime/clock.ts';
import type { Call } from './call.ts';
import type { Policy } from './policy.ts';

type Expiring = Required<Pick<Policy, 'expired'>>;

/** A timer of one policy for one call. */
export class SlotTimer implements TimerNode {
  // Fields of its own, as in `LiveAttempt`: made for every call that has a deadline.
  timerOwner: TimerOwner | null = null;
  timerPrevious: TimerNode | null = null;
  timerNext: TimerNode | null = null;
  timerStart: number | null = null;
  readonly #policy: Expiring;
  readonly #call: Call;
  readonly #slot: number;

  constructor(policy: Expiring, call: Call, slot: number) {
    this.#policy = policy;
    this.#call = call;
    this.#slot = slot;
  }

  expire(): void {
    this.#policy.expired(this.#call, this.#slot);
  }
}
