import { processesOf } from '../edges.ts';
import { eachDependency, namesOf, type Rule } from './rule.ts';

export const probesHerd: Rule = {
  id: 'probes-herd',
  severity: 'warning',
  looksFor:
    'Breakers of several processes that all probe at the same moment, because their cooldown has no jitter',
  why: 'Breakers that opened together become half-open together. All their probes reach a dependency that is just coming back, and overload it again.',
  check: eachDependency((edges, { fleet }, caller) => {
    const [edge] = edges;
    const { breaker } = edge.policy;
    const processes = processesOf(edge, fleet);
    if (breaker === null || processes === 1 || breaker.cooldownJitter > 0) return null;
    const probes = processes * breaker.probes;
    return {
      options: ['breaker.cooldownJitter'],
      message: `${namesOf(edges)}: the breakers of ${processes} ${caller === null ? 'clients' : 'replicas'} send ${probes} probes at the same moment`,
      fix: 'Leave `cooldownJitter` out: the default, 0.2, spreads cooldowns by plus or minus 20 %.',
      value: probes,
    };
  }),
};
