import type { Edge } from '../../spec/model.ts';
import { triesNeed, triesThatFit } from '../tries.ts';
import { atLeast, durations, eachEdge, type Rule, type Said } from './rule.ts';

export const triesDoNotFit: Rule = {
  id: 'tries-do-not-fit',
  severity: 'warning',
  looksFor: 'Attempts that, with the waits between them, need more time than the total allows',
  why: 'The last attempts are cut short or never begin. Somebody counted on them, but all that they can add is load.',
  check: eachEdge((edge, { layersOf }) => {
    // What the layers outside leave for all of this one's tries.
    let left = Infinity;
    for (const [i, layer] of layersOf(edge).entries()) {
      const inner = layersOf(edge).slice(i);
      const need = triesNeed(inner);
      const total = Math.min(left, layer.timeout);
      // A mesh or gRPC without a limit for one try has the total for it: there is nothing to add up.
      const noLimit = layer.kind !== 'library' && layer.perTry === layer.timeout;
      if (layer.maxAttempts > 1 && !noLimit && need < Infinity && need > total) {
        const { begin, end } = triesThatFit(inner, left);
        const [needed, given] = durations(need, total);
        const room =
          left < layer.timeout
            ? `the layers around it leave ${given}`
            : `they have ${given} in all`;
        return {
          message: `${edge.id}: ${layer.maxAttempts} attempts of the ${layer.kind} and their waits need ${needed}, but ${room}: ${begin} can begin, ${end} can end`,
          fix: `Make only ${end > 1 ? `${end} attempts` : 'one attempt'}, shorten the time of one, or allow ${atLeast(need)} in all.`,
          value: need - total,
        };
      }
      left = Math.min(total, layer.perTry);
    }
    return timeoutInVain(edge);
  }),
};

/** A limit of the only attempt that somebody has written, and that its total ends before. */
function timeoutInVain({ id, options, policy: { timeout, deadline } }: Edge): Said | null {
  if (options.timeout === undefined || timeout === null || deadline === null) return null;
  if (timeout <= deadline) return null;
  const [limit, total] = durations(timeout, deadline);
  const byDefault = options.deadline === undefined ? ', the default' : '';
  return {
    options: ['timeout'],
    message: `${id}: an attempt may take ${limit} by its \`timeout\`, but has only the ${total} of the \`deadline\`${byDefault}`,
    fix: `Set \`deadline\` to ${atLeast(timeout)} or more, or \`timeout\` to at most ${total}.`,
    value: timeout - deadline,
  };
}
