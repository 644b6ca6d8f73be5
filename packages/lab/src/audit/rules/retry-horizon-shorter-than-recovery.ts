import { longest } from '../tries.ts';
import { eachCall, ms, type Rule } from './rule.ts';

export const retryHorizonShorterThanRecovery: Rule = {
  id: 'retry-horizon-shorter-than-recovery',
  severity: 'warning',
  looksFor: 'Retries that all come before the dependency can be back, with no breaker to stop them',
  why: 'None of the attempts can succeed while the dependency recovers, and nothing tells the callers so: every call spends all of its attempts on what is down.',
  check: eachCall((edge, { fleet, layersOf }) => {
    const recovery = fleet.services.get(edge.to)?.recoveryTime ?? null;
    const { retry, breaker } = edge.policy;
    if (recovery === null || breaker !== null || retry === null || retry.maxAttempts === 1) {
      return null;
    }
    const horizon = longest(layersOf(edge));
    if (horizon >= recovery) return null;
    return {
      options: ['breaker'],
      message: `${edge.id}: all attempts of a call are over after ${ms(horizon)} at most, ${edge.to} takes ${ms(recovery)} to recover, and there is no breaker`,
      fix: 'Leave `breaker` out, so that it is on and refuses calls at once meanwhile; what must happen in the end belongs in a queue.',
      value: recovery - horizon,
    };
  }),
};
