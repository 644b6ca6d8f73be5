import type { Edge } from '../../spec/model.ts';
import { type Path, pathOver, worstPaths } from '../graph.ts';
import type { Layer } from '../layers.ts';
import { multiplies, nominalAttempts } from '../tries.ts';
import type { Audited, Fault, Rule } from './rule.ts';

/** Three layers of three make 27, two of three make 9: ten is where a chain has multiplied more than once. */
const TOO_MANY = 10;

export const retriesMultiply: Rule = {
  id: 'retries-multiply',
  severity: 'error',
  looksFor:
    'Retries of several layers or hops that no budget bounds, and that multiply to ten or more',
  why: 'When the last service fails, each layer repeats all that the layers inside it have tried: the load on what has just shown that it has too little room is the product of all attempts.',
  check: (audited) => {
    const { fleet } = audited;
    // A call that is never made is no part of a path.
    const unbounded = (edge: Edge): number =>
      edge.times === 0 ? 0 : unboundedFactor(audited.layersOf(edge));
    const paths = worstPaths(fleet, unbounded);
    const multiplying = audited.edges.filter((edge) => unbounded(edge) > 1);
    const goesOn = new Set(multiplying.map(({ from }) => from));
    // Said once a path, at the last edge that multiplies: what is called beyond it adds nothing.
    const ends = Map.groupBy(
      multiplying.filter(({ to }) => !goesOn.has(to)),
      ({ to }) => to,
    );
    return [...ends.values()].flatMap((edges) => {
      const worst = edges
        .map((edge) => pathOver(edge, unbounded(edge), fleet, paths))
        .filter((path) => path !== null)
        .reduce<Path | null>((a, b) => (a === null || b.product > a.product ? b : a), null);
      return worst === null || worst.product < TOO_MANY ? [] : [fault(worst, audited)];
    });
  },
};

/** What is multiplied by layers without a budget. */
function unboundedFactor(layers: readonly Layer[]): number {
  return nominalAttempts(layers.filter(multiplies));
}

/** The path with all that is multiplied on it, budgets or not. */
function fault(path: Path, { numbersOf, placeOf }: Audited): Fault {
  const factors = path.edges.map((edge) => numbersOf(edge).calls * numbersOf(edge).attempts);
  const requests = Math.min(
    factors.reduce((product, factor) => product * factor, 1),
    Number.MAX_VALUE,
  );
  const last = path.edges.at(-1) as Edge;
  return {
    at: last.id,
    place: placeOf(last.path),
    message: `${path.names.join(' > ')}: ${factors.join(' x ')} = ${requests} requests reach ${last.to} for one of a user's when it fails`,
    fix: 'Let one layer retry, the outermost that may safely repeat the call, with a budget, and set `retry: false` in the others.',
    value: requests,
  };
}
