import { eachCall, type Rule } from './rule.ts';

export const noFallback: Rule = {
  id: 'no-fallback',
  severity: 'info',
  looksFor: 'An optional or `critical_plus` call without a fallback',
  why: 'If a call is optional, something has to take the place of its answer. If it must not fail, you need a plan for when it does. Without a stated fallback, nobody knows what the code will do.',
  check: eachCall(({ id, optional, criticality, policy }) => {
    if (policy.fallback !== null || (!optional && criticality !== 'critical_plus')) return null;
    return {
      message: `${id} is ${optional ? 'optional' : 'critical_plus'}, but has no fallback`,
      fix: 'Set `fallback: { value: ... }`, or `fallback: { stale: true }` for the last good answer. If the call needs none, accept the finding with the reason.',
      value: null,
    };
  }),
};
