import type { Edge } from '../../spec/model.ts';
import { callersFirst } from '../edges.ts';
import type { Layer } from '../layers.ts';
import { multiplies } from '../tries.ts';
import { curesFor } from './cures.ts';
import { type Audited, eachEdge, namesOf, type Rule } from './rule.ts';

export const severalRetryOwners: Rule = {
  id: 'several-retry-owners',
  severity: 'warning',
  looksFor: 'A path on which more than one hop retries without a budget',
  why: 'One layer of a call chain should own the retries, and all others should fail fast. A second owner repeats what the first will repeat too.',
  check: (audited) => {
    const ownersBefore = ownersOf(audited);
    return eachEdge((edge) => {
      const own = audited.layersOf(edge).filter(multiplies);
      if (own.length === 0) return null;
      const { first, count, names, layers } = ownersBefore(edge.from);
      if (first === undefined) return null;
      const { budget } = curesFor([...layers, ...own]);
      return {
        message: `${edge.id} retries inside the retries of ${names}, and no budget bounds them`,
        fix: `Leave the retries to ${first.id} if it may repeat the call safely, and switch those of ${edge.id} off (${curesFor(own).off}). Or give each of them a budget (${budget}).`,
        value: count + 1,
      };
    })(audited);
  },
};

/** The edges that retry among those by which a request may have come to somebody, the outermost first. */
interface Owners {
  readonly first: Edge | undefined;
  readonly count: number;
  readonly names: string;
  /** What retries there: one layer of each kind. */
  readonly layers: readonly Layer[];
}

/** Looks once for each caller: it may have many calls, and all of them the same owners. */
function ownersOf(audited: Audited): (caller: string) => Owners {
  const { fleet, edges, callsTo, layersOf } = audited;
  const rank = new Map(callersFirst(fleet).map((name, i) => [name, i]));
  // Nobody calls users.
  const rankOf = ({ from }: Edge): number => rank.get(from) ?? -1;
  const retrying = edges
    .filter((edge) => layersOf(edge).some(multiplies))
    .toSorted((a, b) => rankOf(a) - rankOf(b));
  const found = new Map<string, Owners>();
  return (caller) => {
    const before = found.get(caller);
    if (before !== undefined) return before;
    const callees = new Set([caller]);
    // A set grows while it is walked: each callee brings its callers.
    for (const callee of callees) {
      for (const { from } of callsTo(callee)) callees.add(from);
    }
    const owners = said(
      retrying.filter(({ to }) => callees.has(to)),
      audited,
    );
    found.set(caller, owners);
    return owners;
  };
}

function said(owners: readonly Edge[], { layersOf }: Audited): Owners {
  const retrying = owners.flatMap((edge) => layersOf(edge).filter(multiplies));
  const layers = [...new Map(retrying.map((layer) => [layer.kind, layer])).values()];
  return { first: owners[0], count: owners.length, names: namesOf(owners), layers };
}
