import { eachService, type Rule } from './rule.ts';

export const livenessAsksDependency: Rule = {
  id: 'liveness-asks-dependency',
  severity: 'error',
  looksFor: 'A liveness probe that calls other services',
  why: 'When the dependency is down, the platform restarts every replica of a healthy service, again and again. Caches are lost, and two services are down instead of one.',
  check: eachService(({ name, livenessAsks }) => {
    if (livenessAsks.length === 0) return null;
    return {
      options: ['livenessAsks'],
      message: `The liveness probe of ${name} calls ${livenessAsks.join(' and ')}`,
      fix: 'Let the liveness probe check only that the process itself works. The readiness probe may check more.',
      value: livenessAsks.length,
    };
  }),
};
