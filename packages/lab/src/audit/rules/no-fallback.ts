import { eachCall, type Rule } from './rule.ts';

export const noFallback: Rule = {
  id: 'no-fallback',
  severity: 'info',
  looksFor: 'A call that is optional, or more than critical, with no fallback named',
  why: 'An answer that is good without the call needs something in its place, and a call that must not fail needs a plan for when it does. Unnamed, it is whatever the code does on the day.',
  check: eachCall(({ id, optional, criticality, policy }) => {
    if (policy.fallback !== null || (!optional && criticality !== 'critical_plus')) return null;
    return {
      message: `${id} is ${optional ? 'optional' : 'critical_plus'}, and nothing says what answers in its place`,
      fix: 'Name a `fallback`: a value, or `stale: true` for the last good answer; or accept the finding with the reason.',
      value: null,
    };
  }),
};
