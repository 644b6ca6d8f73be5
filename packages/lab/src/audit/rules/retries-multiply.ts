import type { Edge } from '../../spec/model.ts';
import { type Path, pathOver, productText, worstPaths } from '../graph.ts';
import type { Layer } from '../layers.ts';
import { multiplies, nominalAttempts } from '../tries.ts';
import { curesFor } from './cures.ts';
import { type Audited, type Fault, firstOf, layerText, type Rule } from './rule.ts';

/** Three layers of three make 27, two of three make 9: ten is where a chain has multiplied more than once. */
const TOO_MANY = 10;

export const retriesMultiply: Rule = {
  id: 'retries-multiply',
  severity: 'error',
  looksFor:
    'Retries without a budget, of several layers or hops, that multiply to ten attempts or more',
  why: 'When the last service fails, each layer repeats everything that the layers inside it have tried. The product of all attempts hits the service that is already overloaded.',
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
function fault(path: Path, audited: Audited): Fault {
  const { fleet, numbersOf, placeOf } = audited;
  const factors = path.edges.map((edge) => numbersOf(edge).calls * numbersOf(edge).attempts);
  const product = Math.min(
    factors.reduce((all, factor) => all * factor, 1),
    Number.MAX_VALUE,
  );
  const last = path.edges.at(-1) as Edge;
  const asked = fleet.users.size > 0 ? 'of a user' : `that ${path.names[0]} receives`;
  return {
    at: last.id,
    place: placeOf(last.path),
    message: `${path.names.join(' > ')}: ${productText({ factors, product })} requests reach ${last.to} for one request ${asked} when ${last.to} fails (${whatMultiplies(path, audited)})`,
    fix: fixFor(path.edges.flatMap((edge) => audited.layersOf(edge).filter(multiplies))),
    value: product,
  };
}

/** `web > stock: 2 calls x library 4 x sidecar 3`, of each edge that multiplies. */
function whatMultiplies({ edges }: Path, { layersOf, numbersOf }: Audited): string {
  const said = edges.flatMap((edge) => {
    const { calls } = numbersOf(edge);
    const layers = layersOf(edge).filter(({ maxAttempts }) => maxAttempts > 1);
    const factors = [...(calls > 1 ? [`${calls} calls`] : []), ...layers.map(layerText)].join(
      ' x ',
    );
    if (factors === '') return [];
    return [edges.length === 1 ? factors : `${edge.id}: ${factors}`];
  });
  return firstOf(said).join('; ');
}

/** @param layers those that multiply without a budget. */
function fixFor(layers: readonly Layer[]): string {
  const { off, budget } = curesFor(layers);
  return layers.length === 1
    ? `Make at most three attempts, and give them a budget (${budget}).`
    : `Let only one layer retry, with a budget: the outermost that may safely repeat the call. Switch the others off (${off}).`;
}
