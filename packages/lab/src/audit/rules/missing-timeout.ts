import { longest } from '../tries.ts';
import { eachEdge, type Rule } from './rule.ts';

export const missingTimeout: Rule = {
  id: 'missing-timeout',
  severity: 'error',
  looksFor: 'An edge on which nothing bounds one attempt',
  why: 'A dependency that hangs then holds a connection, memory and the caller, and a breaker never sees a failure: one hung attempt takes all the time of the others.',
  check: eachEdge((edge, { layersOf }) => {
    const [library, ...inner] = layersOf(edge);
    if (Math.min(library?.perTry ?? Infinity, longest(inner)) < Infinity) return null;
    return {
      options: ['timeout'],
      message: `${edge.id} has no timeout for an attempt, in any layer`,
      fix: "Set `timeout` to the callee's 99.9th percentile and some room; without the option it is 1 s, and 5 s with `protocol: http`.",
      value: null,
    };
  }),
};
