import { eachEdge, type Rule } from './rule.ts';
import { repetitionOf } from './unsafe-retry.ts';

export const keyNotRemembered: Rule = {
  id: 'key-not-remembered',
  severity: 'error',
  looksFor: 'A layer that repeats a keyed call to a service that does not remember keys',
  why: 'A key alone protects nothing: a server that does not remember keys does the work again for every repeat, and somebody is charged twice. The library, too, repeats calls that have a key.',
  check: eachEdge((edge, { fleet, layersOf }) => {
    if (!edge.keyed || edge.idempotent) return null;
    const callee = fleet.services.get(edge.to);
    // Of what is not ours nobody knows, unless it says so.
    if (callee === undefined || callee.external || callee.idempotency !== null) return null;
    const repeating = repetitionOf(layersOf(edge), edge);
    if (repeating === null) return null;
    return {
      message: `${edge.id} sends a key that ${edge.to} does not remember, and its ${repeating.text}: each retry may repeat the effect`,
      fix: `Put the idempotency middleware before the handlers of ${edge.to}, and set \`idempotency: {}\` on ${edge.to} in the spec. If repeating the call does no harm, set \`idempotent: true\` on the call instead.`,
      value: repeating.attempts,
    };
  }),
};
