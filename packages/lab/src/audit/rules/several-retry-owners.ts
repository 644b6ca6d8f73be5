import type { Edge, Fleet } from '../../spec/model.ts';
import { edgesOf } from '../edges.ts';
import { multiplies } from '../tries.ts';
import { eachEdge, type Rule } from './rule.ts';

export const severalRetryOwners: Rule = {
  id: 'several-retry-owners',
  severity: 'warning',
  looksFor: 'More than one hop of a path that retries without a budget',
  why: 'One layer of a chain should own its retries, and all others fail fast: a second owner repeats what the first is about to repeat as well.',
  check: eachEdge((edge, { fleet, layersOf }) => {
    if (!layersOf(edge).some(multiplies)) return null;
    const owners = upstream(fleet, edge).filter((other) => layersOf(other).some(multiplies));
    const [first] = owners;
    if (first === undefined) return null;
    return {
      message: `${edge.id} retries inside the retries of ${owners.map(({ id }) => id).join(' and ')}, and no budget bounds them`,
      fix: `Leave the retries to ${first.id} if it may repeat the call safely, and set \`retry: false\` on ${edge.id}; or give each a budget (\`retry: { budget: { ratio: 0.1 } }\`).`,
      value: owners.length + 1,
    };
  }),
};

/** All edges by which a request may have come to the caller of this one, users' first. */
function upstream(fleet: Fleet, edge: Edge): readonly Edge[] {
  if (fleet.users.get(edge.from)?.edge === edge) return [];
  const callers = new Set([edge.from]);
  const edges = edgesOf(fleet);
  const found = new Set<Edge>();
  // A set grows while it is walked: each caller brings its own callers.
  for (const callee of callers) {
    for (const other of edges.filter(({ to }) => to === callee)) {
      found.add(other);
      if (fleet.users.get(other.from)?.edge !== other) callers.add(other.from);
    }
  }
  return edges.filter((other) => found.has(other));
}
