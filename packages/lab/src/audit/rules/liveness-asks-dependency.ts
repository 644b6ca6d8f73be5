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
      message: `The liveness probe of ${name} asks ${livenessAsks.join(' and ')}`,
      fix: 'Let liveness say only whether the process itself still turns; readiness may say more.',
      value: livenessAsks.length,
    };
  }),
};
