import { longest } from '../tries.ts';
import { cooldownFor } from './cooldown-shorter-than-recovery.ts';
import { atLeast, durations, eachCall, type Rule } from './rule.ts';
import { upstreamsOf } from './shared-breaker.ts';

export const retryHorizonShorterThanRecovery: Rule = {
  id: 'retry-horizon-shorter-than-recovery',
  severity: 'warning',
  looksFor: 'Retries that are all over before the dependency can be back, without a breaker',
  why: 'No attempt can succeed while the dependency recovers, and nothing tells the callers. Each call spends all of its attempts on a service that is down.',
  check: eachCall((edge, { fleet, layersOf }) => {
    const callee = fleet.services.get(edge.to);
    const recovery = callee?.recoveryTime ?? null;
    const { retry, breaker } = edge.policy;
    if (recovery === null || breaker !== null || retry === null || retry.maxAttempts === 1) {
      return null;
    }
    // There a breaker would be shared: the callee has its own.
    if (upstreamsOf(callee).length > 1) return null;
    const horizon = longest(layersOf(edge));
    if (horizon >= recovery) return null;
    const [over, back] = durations(horizon, recovery);
    return {
      options: ['breaker'],
      message: `${edge.id} has no breaker, and all attempts of a call are over after ${over} at most, but ${edge.to} takes ${back} to recover`,
      fix: `Set \`breaker: { cooldown: ${atLeast(cooldownFor(recovery))} }\`, so that calls are refused at once while ${edge.to} recovers. Work that must happen in the end belongs in a queue.`,
      value: recovery - horizon,
    };
  }),
};
