import { TimerNode } from '../runtime/clock.ts';
import type { Call } from './call.ts';
import type { Policy } from './policy.ts';

type Expiring = Required<Pick<Policy, 'expired'>>;

/** A timer of one policy for one call. */
export class SlotTimer extends TimerNode {
  readonly #policy: Expiring;
  readonly #call: Call;
  readonly #slot: number;

  constructor(policy: Expiring, call: Call, slot: number) {
    super();
    this.#policy = policy;
    this.#call = call;
    this.#slot = slot;
  }

  expire(): void {
    this.#policy.expired(this.#call, this.#slot);
  }
}
