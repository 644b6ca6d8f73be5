import { eachEdge, type Rule } from './rule.ts';

/** More than these in one layer are as good as unlimited. */
const AS_GOOD_AS_UNLIMITED = 10;

export const unlimitedAttempts: Rule = {
  id: 'unlimited-attempts',
  severity: 'warning',
  looksFor: 'More than ten attempts in one layer',
  why: 'If two retries do not help, ten rarely do. The attempts keep the call, its caller and their memory busy through the whole outage, and all hit the callee when it is back.',
  check: eachEdge((edge, { layersOf }) => {
    const layer = layersOf(edge).find(({ maxAttempts }) => maxAttempts > AS_GOOD_AS_UNLIMITED);
    if (layer === undefined) return null;
    return {
      options: layer.kind === 'library' ? ['retry.maxAttempts'] : [],
      message: `${edge.id}: the ${layer.kind} layer makes up to ${layer.maxAttempts} attempts of a call`,
      fix: 'Make three attempts, or five where nobody waits for the answer. Let a queue or a scheduled job repeat what must happen in the end.',
      value: layer.maxAttempts,
    };
  }),
};
