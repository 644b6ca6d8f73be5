import { triesNeed, triesThatFit } from '../tries.ts';
import { eachEdge, ms, type Rule } from './rule.ts';

export const triesDoNotFit: Rule = {
  id: 'tries-do-not-fit',
  severity: 'warning',
  looksFor: 'Attempts and the waits between them that need more time than there is in all',
  why: 'The last attempts are cut short or never begin: they were counted on, and all that they can add is load.',
  check: eachEdge((edge, { layersOf }) => {
    for (const [i, layer] of layersOf(edge).entries()) {
      const inner = layersOf(edge).slice(i);
      const need = triesNeed(inner);
      // A mesh or gRPC without a limit for one try has the total for it: there is nothing to add up.
      const noLimit = layer.kind !== 'library' && layer.perTry >= layer.timeout;
      if (layer.maxAttempts === 1 || noLimit || need === Infinity || need <= layer.timeout) {
        continue;
      }
      const { begin, end } = triesThatFit(inner, Infinity);
      return {
        message: `${edge.id}: ${layer.maxAttempts} attempts of the ${layer.kind} and their waits need ${ms(need)}, but there are ${ms(layer.timeout)} in all: ${begin} can begin, ${end} can end`,
        fix: `Have ${end > 1 ? `${end} attempts` : 'one attempt'}, shorten the time of one, or give ${ms(need)} in all.`,
        value: need - layer.timeout,
      };
    }
    return null;
  }),
};
