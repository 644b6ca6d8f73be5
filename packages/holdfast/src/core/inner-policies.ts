import type { Call } from './call.ts';
import type { Refusal } from './policy.ts';

/** The refusal that an attempt would meet further in now (an open breaker's, a spent budget's), or null. */
export function peekInside(call: Call, slot: number): Refusal | null {
  const { policies } = call.pipeline;
  for (let inner = slot + 1; inner < policies.length; inner++) {
    const refusal = policies[inner]!.peek?.(call) ?? null;
    if (refusal !== null) return refusal;
  }
  return null;
}

/** Tells the policies further in that a call begins (1) or ceases (-1) to wait at this one. */
export function tellInside(call: Call, slot: number, change: 1 | -1): void {
  const { policies } = call.pipeline;
  for (let inner = slot + 1; inner < policies.length; inner++) {
    policies[inner]!.awaited?.(policies[slot]!, change);
  }
}
