import { eachCall, ms, type Rule } from './rule.ts';

export const cooldownShorterThanRecovery: Rule = {
  id: 'cooldown-shorter-than-recovery',
  severity: 'warning',
  looksFor: 'A breaker that probes before its dependency can be back',
  why: 'The first probes fail for certain. Each costs a user and disturbs the recovery, and doubles the cooldown, so that the breaker is still open when the dependency is long back.',
  check: eachCall((edge, { fleet }) => {
    const recovery = fleet.services.get(edge.to)?.recoveryTime ?? null;
    const { breaker } = edge.policy;
    if (recovery === null || breaker === null || breaker.cooldown >= recovery) return null;
    return {
      options: ['breaker.cooldown'],
      message: `${edge.id}: the breaker probes after ${ms(breaker.cooldown)}, but ${edge.to} takes ${ms(recovery)} to recover`,
      fix: `Set \`breaker: { cooldown: ${ms(recovery)} }\` or more.`,
      value: recovery - breaker.cooldown,
    };
  }),
};
