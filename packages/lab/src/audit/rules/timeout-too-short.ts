import type { Edge } from '../../spec/model.ts';
import { atLeast, durations, eachEdge, type Rule, waitOf } from './rule.ts';

export const timeoutTooShort: Rule = {
  id: 'timeout-too-short',
  severity: 'error',
  looksFor: 'An attempt that has less time than the callee usually takes to answer',
  why: "Most attempts are cut while nothing is wrong. The callee's work is wasted, and the caller's retries and breaker react as in an outage.",
  counts: 'time',
  check: eachEdge((edge, audited) => {
    const usual = audited.usualTimeOf(edge.to);
    const given = waitOf(edge, audited);
    if (given > usual) return null;
    const [waits, takes] = durations(given, Math.ceil(usual));
    return {
      options: ['timeout', 'deadline'],
      message: `${edge.id} waits ${waits} for an answer${unitOf(given, edge)}, but ${edge.to} usually takes ${takes}, when all is well and nothing waits`,
      fix: `Raise the limit to the 99.9th percentile of the answer times plus some room, which is several times ${atLeast(usual)}; or make ${edge.to} faster.`,
      value: usual - given,
    };
  }),
};

/** Who writes a number may mean seconds. What users have without a policy, nobody has written. */
function unitOf(given: number, { bare, options }: Edge): string {
  if (bare) return '';
  const key = (['timeout', 'deadline'] as const).find((one) => options[one] === given);
  return key === undefined ? '' : ` (\`${key}: ${given}\` is milliseconds)`;
}
