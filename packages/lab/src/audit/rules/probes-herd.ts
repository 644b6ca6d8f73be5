import { eachCall, type Rule } from './rule.ts';

export const probesHerd: Rule = {
  id: 'probes-herd',
  severity: 'warning',
  looksFor: "Several replicas' breakers that probe in the same moment, for want of cooldown jitter",
  why: 'Breakers that opened together are half-open together: all their probes meet a dependency that is just coming back, and push it over again.',
  check: eachCall(({ id, policy: { breaker } }, _audited, { replicas }) => {
    if (breaker === null || replicas === 1 || breaker.cooldownJitter > 0) return null;
    const probes = replicas * breaker.probes;
    return {
      message: `${id}: the breakers of ${replicas} replicas send ${probes} probes in the same moment`,
      fix: 'Leave `cooldownJitter` out: it is then 0.2, and cooldowns differ by up to 20 %.',
      value: probes,
    };
  }),
};
