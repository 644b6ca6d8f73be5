import { longest } from '../tries.ts';
import { eachEdge, type Rule } from './rule.ts';

export const missingTimeout: Rule = {
  id: 'missing-timeout',
  severity: 'error',
  looksFor: 'An edge on which no layer limits the time of one attempt',
  why: 'A dependency that hangs then holds a connection, memory and the caller. Without a deadline the attempt never ends, and the breaker sees no failure; with one it leaves no time for a retry.',
  check: eachEdge((edge, { layersOf }) => {
    const layers = layersOf(edge);
    if (layers.some(({ isLimited }) => isLimited)) return null;
    const [library, ...inner] = layers;
    const isPartly = Math.min(library?.perTry ?? Infinity, longest(inner)) < Infinity;
    return {
      options: ['timeout'],
      message: isPartly
        ? `Some routes or methods of ${edge.id} have a timeout for one attempt, but not all`
        : `No layer of ${edge.id} has a timeout for one attempt`,
      fix: "Set `timeout` to the 99.9th percentile of the callee's answer times plus some room. The default is 1 s, and 5 s with `protocol: http`.",
      value: null,
    };
  }),
};
