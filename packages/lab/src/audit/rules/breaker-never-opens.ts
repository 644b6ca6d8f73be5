import type { EffectivePolicy } from 'holdfast/spec';

import { sustained } from '../tries.ts';
import { amount, eachCall, ms, type Rule } from './rule.ts';

export const breakerNeverOpens: Rule = {
  id: 'breaker-never-opens',
  severity: 'warning',
  looksFor: "A breaker whose window never holds its minimum of calls at the users' rates",
  why: 'It looks like protection and is none: with fewer calls in the window than the minimum it stays closed, whatever fails. Each replica has a breaker of its own and sees its own calls only.',
  check: eachCall((edge, { load, layersOf }, caller) => {
    const { breaker } = edge.policy;
    const [library] = layersOf(edge);
    const calls = load.callsOver(edge) / caller.replicas;
    if (breaker === null || library === undefined || calls === 0) return null;
    const attempts = calls * sustained(library);
    const seen = callsInWindow(breaker, attempts);
    if (seen >= breaker.minimumCalls) return null;
    const enough = Math.ceil((breaker.minimumCalls / attempts) * 1000);
    return {
      message: `${edge.id}: ${caller.replicas === 1 ? 'the one replica' : `each of ${caller.replicas} replicas`} makes ${amount(attempts)} attempts a second, ${amount(seen)} in the window, and the breaker does not open on fewer than ${breaker.minimumCalls}`,
      fix:
        breaker.kind === 'count'
          ? `Have \`windowCalls\` of at least ${breaker.minimumCalls}, or fewer \`minimumCalls\`.`
          : `Widen \`window\` to ${ms(Math.ceil(enough / 1000) * 1000)}, lower \`minimumCalls\` to ${Math.max(1, Math.floor(seen))}, or use \`kind: consecutive\`.`,
      value: seen,
    };
  }),
};

function callsInWindow(
  { kind, window, windowCalls }: NonNullable<EffectivePolicy['breaker']>,
  rate: number,
): number {
  switch (kind) {
    case 'time':
      return (rate * window) / 1000;
    case 'count':
      return windowCalls;
    case 'consecutive':
      return Infinity;
  }
}
