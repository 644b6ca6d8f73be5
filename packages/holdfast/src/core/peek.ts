import type { Call } from './call.ts';
import type { Refusal } from './policy.ts';

/** What a policy further in would say to an attempt now: an open breaker, a spent budget; or null. */
export function peekInside(call: Call, slot: number): Refusal | null {
  for (const policy of call.plan.stages[slot]!.peeks) {
    const refusal = policy.peek!(call);
    if (refusal !== null) return refusal;
  }
  return null;
}
