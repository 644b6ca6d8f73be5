import { longest } from '../tries.ts';
import { atLeast, durations, eachService, type Rule } from './rule.ts';
import { repeatsDone } from './unsafe-retry.ts';

export const retentionShorterThanRetries: Rule = {
  id: 'retention-shorter-than-retries',
  severity: 'error',
  looksFor: 'A service that forgets keys while its callers may still repeat calls with them',
  why: 'A repeat that comes after its key is forgotten looks like a new request and is done again. Keys are most needed in a long outage, in which attempts come late.',
  check: eachService(({ name, idempotency }, { callsTo, layersOf }) => {
    if (idempotency === null) return null;
    const { retention } = idempotency;
    const [last = null] = callsTo(name)
      .filter((edge) => edge.keyed && layersOf(edge).some((layer) => repeatsDone(layer, edge)))
      .map((edge) => ({ edge, horizon: longest(layersOf(edge)) }))
      .filter(({ horizon }) => horizon > retention && horizon < Infinity)
      .toSorted((a, b) => b.horizon - a.horizon);
    if (last === null) return null;
    const horizon = atLeast(last.horizon);
    const [kept] = durations(retention, Math.ceil(last.horizon));
    return {
      options: ['idempotency.retention'],
      message: `${name} forgets keys after ${kept}, but attempts of one call of ${last.edge.id} may come for up to ${horizon}`,
      fix: `Set \`idempotency: { retention: ${horizon} }\` or more. The default is 24h.`,
      value: last.horizon - retention,
    };
  }),
};
