/*
 * The arithmetic of retries along a call graph.
 *
 *   attempts(edge)  = product over its layers of their attempts
 *   requests(node)  = sum over its callers of requests(caller) x calls x attempts(edge)
 *   sustained(edge) = product over its layers of min(attempts, 1 + share of the budget)
 *
 * The first two are the worst case of one user's request, when everything fails. The third is what
 * budgets let through in the long run. A budget that successes earn lets hardly anything through
 * while everything fails: that is the outage's number.
 */
import { callsOf, edgesOf } from '../spec/edges.ts';
import type { Edge, Fleet } from '../spec/model.ts';
import { callersFirst, entrances } from './edges.ts';
import type { Layer } from './layers.ts';
import { inwards, nominalAttempts, sustained, sustainedInOutage, timeLimited } from './tries.ts';

export interface CallGraph {
  readonly edges: readonly EdgeNumbers[];
  readonly nodes: readonly NodeNumbers[];
  readonly total: Totals;
}

/** Numbers of one edge; plain JSON. */
export interface EdgeNumbers {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** Calls for one request that the caller received; at most, where it is a probability. */
  readonly calls: number;
  /** From the outermost to the innermost. */
  readonly layers: readonly { readonly kind: Layer['kind']; readonly attempts: number }[];
  /** Requests for one call, at most. */
  readonly attempts: number;
  /** The same when each try takes all the time that it may: so many can begin. */
  readonly timeLimitedAttempts: number;
  /** Requests for one call in the long run, at most: budgets bound it. Of calls that share a budget, on average. */
  readonly sustained: number;
  /** The same while everything fails: budgets that successes earn are empty. */
  readonly sustainedInOutage: number;
  /** Milliseconds that the edge's own limits leave the callee for one request; null for no limit. */
  readonly window: number | null;
}

/** Numbers of one service; plain JSON. */
export interface NodeNumbers {
  readonly name: string;
  /** Requests that reach it for one of a user's, at most. */
  readonly requests: number;
  readonly timeLimitedRequests: number;
  /** Requests in the long run / requests without any retry, at most. */
  readonly sustained: number;
  readonly sustainedInOutage: number;
  /** The way to it that multiplies most: calls x attempts of each edge. */
  readonly worstPath: PathNumbers;
}

/** A way through the graph, from users or from a service that nobody calls. */
export interface Path {
  readonly names: readonly string[];
  /** One fewer than names. */
  readonly edges: readonly Edge[];
  /** What each edge multiplies by. */
  readonly factors: readonly number[];
  readonly product: number;
}

/** The same as plain JSON. */
export type PathNumbers = Pick<Path, 'names' | 'factors' | 'product'>;

export interface Totals {
  /** Requests to all services together for one of a user's, at most; of several kinds of users, the worst. */
  readonly requests: number;
  readonly timeLimitedRequests: number;
  readonly worstPath: PathNumbers;
}

type Flow = ReadonlyMap<string, number>;

/**
 * The layers of each edge, from the outermost to the innermost.
 *
 * @param library of each edge, its own (`libraryLayers`): a second edge of the same two has another.
 * @param others between callers and callees.
 */
export function layersOf(
  library: ReadonlyMap<Edge, Layer>,
  others: readonly Layer[],
): ReadonlyMap<Edge, readonly Layer[]> {
  const byCallee = Map.groupBy(others, ({ to }) => to);
  const between = ({ id, from, to }: Edge): readonly Layer[] =>
    (byCallee.get(to) ?? []).filter(
      (layer) => [null, from].includes(layer.from) && [null, id].includes(layer.edge),
    );
  return new Map(Array.from(library, ([edge, own]) => [edge, inwards([own, ...between(edge)])]));
}

/** @param layersByEdge as `layersOf` has them. */
export function callGraph(
  fleet: Fleet,
  layersByEdge: ReadonlyMap<Edge, readonly Layer[]>,
): CallGraph {
  const edges = inOrder(fleet);
  const numbers = edgeNumbers(fleet, edges, layersByEdge);
  const of = (edge: Edge): EdgeNumbers => numbers.get(edge) as EdgeNumbers;
  const sources = sourcesOf(fleet);
  const callers = Map.groupBy(edges, ({ from }) => from);
  const flow = (weight: (edge: Edge) => number): readonly Flow[] =>
    sources.map((source) => flowFrom(source, callers, weight));
  const nominal = flow((edge) => of(edge).calls * of(edge).attempts);
  const limited = flow((edge) => of(edge).calls * of(edge).timeLimitedAttempts);
  const alone = flow(({ times }) => times);
  const lasting = flow((edge) => edge.times * of(edge).sustained);
  const outage = flow((edge) => edge.times * of(edge).sustainedInOutage);
  const paths = worstPaths(fleet, (edge) => of(edge).calls * of(edge).attempts);
  const nodes = [...fleet.services.keys()].map((name): NodeNumbers => ({
    name,
    requests: most(nominal, name),
    timeLimitedRequests: most(limited, name),
    sustained: ratio(lasting, alone, name),
    sustainedInOutage: ratio(outage, alone, name),
    worstPath: asNumbers(paths.get(name)),
  }));
  return {
    edges: edgesOf(fleet).map(of),
    nodes,
    total: {
      requests: Math.max(0, ...nominal.map((one) => sum(fleet, one))),
      timeLimitedRequests: Math.max(0, ...limited.map((one) => sum(fleet, one))),
      worstPath: nodes
        .map(({ worstPath }) => worstPath)
        .reduce(
          (worst, path) => (path.product > worst.product ? path : worst),
          asNumbers(undefined),
        ),
    },
  };
}

/** `4 x 3 = 12`, what a path multiplies by, edge by edge; of one edge the number alone. */
export function productText({ factors, product }: Pick<Path, 'factors' | 'product'>): string {
  return factors.length === 1 ? String(product) : `${factors.join(' x ')} = ${product}`;
}

function start(name: string): Path {
  return { names: [name], edges: [], factors: [], product: 1 };
}

/** The way to each service whose factors have the greatest product; of equals, the shortest. */
export function worstPaths(
  fleet: Fleet,
  factor: (edge: Edge) => number,
): ReadonlyMap<string, Path> {
  const worst = new Map<string, Path>();
  if (fleet.users.size === 0) for (const name of entrances(fleet)) worst.set(name, start(name));
  for (const edge of inOrder(fleet)) {
    const before = fleet.services.has(edge.from) ? worst.get(edge.from) : start(edge.from);
    if (before === undefined) continue;
    const path = extended(before, edge, factor(edge));
    if (path.product > (worst.get(edge.to)?.product ?? 0)) worst.set(edge.to, path);
  }
  return worst;
}

/** The worst way to an edge's callee that ends with this edge; null if nothing leads to its caller. */
export function pathOver(
  edge: Edge,
  factor: number,
  fleet: Fleet,
  paths: ReadonlyMap<string, Path>,
): Path | null {
  const before = fleet.services.has(edge.from) ? paths.get(edge.from) : start(edge.from);
  return before === undefined ? null : extended(before, edge, factor);
}

/** Nothing leads to a service that has no path. */
function asNumbers(path: Path | undefined): PathNumbers {
  if (path === undefined) return { names: [], factors: [], product: 0 };
  return { names: path.names, factors: path.factors, product: path.product };
}

/** Where one request begins: at each kind of users, or at each service that nobody calls. */
function sourcesOf(fleet: Fleet): readonly string[] {
  return fleet.users.size > 0 ? [...fleet.users.keys()] : entrances(fleet);
}

/** Edges so that all that lead to a service come before all that leave it. */
function inOrder(fleet: Fleet): readonly Edge[] {
  const users = Array.from(fleet.users.values(), ({ edge }) => edge);
  const services = callersFirst(fleet).flatMap((name) => {
    const service = fleet.services.get(name);
    return service === undefined ? [] : callsOf(service);
  });
  return [...users, ...services];
}

/** @param callers everybody who calls, with every caller before its callees, and what they call. */
function flowFrom(
  source: string,
  callers: ReadonlyMap<string, readonly Edge[]>,
  weight: (edge: Edge) => number,
): Flow {
  const flow = new Map([[source, 1]]);
  for (const [caller, edges] of callers) {
    const arriving = flow.get(caller);
    // Most of a large fleet is not reached from here: its edges are not looked at.
    if (arriving === undefined) continue;
    for (const edge of edges) {
      flow.set(edge.to, bounded((flow.get(edge.to) ?? 0) + arriving * weight(edge)));
    }
  }
  return flow;
}

function most(flows: readonly Flow[], name: string): number {
  return Math.max(0, ...flows.map((flow) => flow.get(name) ?? 0));
}

function ratio(flows: readonly Flow[], base: readonly Flow[], name: string): number {
  const ratios = flows.map((flow, i) => {
    const alone = base[i]?.get(name) ?? 0;
    return alone === 0 ? 0 : (flow.get(name) ?? 0) / alone;
  });
  return Math.max(0, ...ratios);
}

function sum(fleet: Fleet, flow: Flow): number {
  const names = [...fleet.services.keys()];
  return bounded(names.reduce((total, name) => total + (flow.get(name) ?? 0), 0));
}

function edgeNumbers(
  fleet: Fleet,
  edges: readonly Edge[],
  layersByEdge: ReadonlyMap<Edge, readonly Layer[]>,
): ReadonlyMap<Edge, EdgeNumbers> {
  const numbers = new Map<Edge, EdgeNumbers>();
  // What the most patient caller leaves a service for one request. Who calls with a deadline of its
  // own has no more than that; users have their patience.
  const windows = new Map<string, number>();
  for (const edge of edges) {
    const layers = layersByEdge.get(edge) ?? [];
    const patience = fleet.users.get(edge.from)?.patience ?? Infinity;
    const { window } = timeLimited(layers, Infinity);
    const left = edge.policy.deadline === null ? Infinity : leftFor(windows.get(edge.from));
    const limited = timeLimited(layers, Math.min(patience, left));
    windows.set(edge.to, Math.max(windows.get(edge.to) ?? 0, limited.window));
    numbers.set(edge, {
      id: edge.id,
      from: edge.from,
      to: edge.to,
      calls: Math.ceil(edge.times),
      layers: layers.map(({ kind, maxAttempts }) => ({ kind, attempts: maxAttempts })),
      attempts: nominalAttempts(layers),
      timeLimitedAttempts: limited.attempts,
      sustained: multiplied(layers.map(sustained)),
      sustainedInOutage: multiplied(layers.map(sustainedInOutage)),
      window: window === Infinity ? null : window,
    });
  }
  return numbers;
}

/** Of what a parent has left a nested call gets all but a reserve; see `docs/policies/deadline.md`. */
export function leftFor(window = Infinity): number {
  if (window === Infinity) return Infinity;
  return Math.max(0, window - Math.max(10, window / 20));
}

/** Fifty hops of a million attempts are more than a number can hold; JSON knows no Infinity. */
function bounded(requests: number): number {
  return Math.min(requests, Number.MAX_VALUE);
}

function multiplied(factors: readonly number[]): number {
  return factors.reduce((all, factor) => all * factor, 1);
}

function extended(path: Path, edge: Edge, factor: number): Path {
  return {
    names: [...path.names, edge.to],
    edges: [...path.edges, edge],
    factors: [...path.factors, factor],
    product: bounded(path.product * factor),
  };
}
