import { atLeast, durations, eachDependency, namesOf, type Rule } from './rule.ts';

/** The longest that `cooldown` may be. */
const MAX_COOLDOWN = 3_600_000;

export const cooldownShorterThanRecovery: Rule = {
  id: 'cooldown-shorter-than-recovery',
  severity: 'warning',
  looksFor: 'A breaker that probes before its dependency can be back',
  why: "The first probes are certain to fail. Each of them costs a user's request, disturbs the recovery and doubles the cooldown, so the breaker may still be open long after the dependency is back.",
  check: eachDependency((edges, { fleet }) => {
    const [edge] = edges;
    const recovery = fleet.services.get(edge.to)?.recoveryTime ?? null;
    const { breaker } = edge.policy;
    if (recovery === null || breaker === null) return null;
    const enough = cooldownFor(recovery);
    if (breaker.cooldown >= enough) return null;
    const cooldown = atLeast(enough);
    // Where it is stated it must not be shorter.
    const longest = breaker.maxCooldown < enough ? `, maxCooldown: ${cooldown}` : '';
    const [probes, back] = durations(breaker.cooldown, recovery);
    return {
      options: ['breaker.cooldown'],
      message: `${namesOf(edges)}: the breaker probes after ${probes}, but ${edge.to} takes ${back} to recover`,
      fix: `Set \`breaker: { cooldown: ${cooldown}${longest} }\`${enough < MAX_COOLDOWN ? ' or more' : ', which is the maximum'}.`,
      value: recovery - breaker.cooldown,
    };
  }),
};

/** A cooldown that lasts until a dependency is back, as far as one can. */
export function cooldownFor(recovery: number): number {
  return Math.min(recovery, MAX_COOLDOWN);
}
