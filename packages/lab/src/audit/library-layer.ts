import type { EffectivePolicy } from 'holdfast/spec';

import type { Sharing } from '../spec/dependencies.ts';
import type { Edge, Fleet, SpecPath } from '../spec/model.ts';
import { processesOf } from './edges.ts';
import type { Place } from './finding.ts';
import type { Layer, Repeats } from './layers.ts';
import { callsOverAll, loadOf } from './load.ts';

export type ParsedRetry = NonNullable<EffectivePolicy['retry']>;
export type ParsedBackoff = ParsedRetry['backoff'];

/** What the spec's own policies do on every edge: one layer each, one attempt where nothing is retried. */
export function libraryLayers(
  fleet: Fleet,
  sharings: readonly Sharing[],
  placeOf: (path: SpecPath) => Place,
): ReadonlyMap<Edge, Layer> {
  const load = loadOf(fleet);
  const layers = sharings.flatMap((edges) => {
    const calls = callsOverAll(edges, load) / processesOf(edges[0], fleet);
    return edges.map((edge) => [edge, libraryLayer(edge, calls, placeOf(edge.path))] as const);
  });
  return new Map(layers);
}

/** @param calls that one process makes in a second by the edge's dependency; 0 if nobody knows. */
function libraryLayer(edge: Edge, calls: number, place: Place): Layer {
  const { retry, timeout, deadline } = edge.policy;
  const repeats: Repeats = {
    maxAttempts: retry?.maxAttempts ?? 1,
    hedges: false,
    retryOn: retriedVerdicts(edge),
    implicit: edge.options.retry === undefined,
  };
  return {
    ...repeats,
    ways: [repeats],
    isLimited: timeout !== null,
    kind: 'library',
    from: edge.from,
    to: edge.to,
    edge: edge.id,
    perTry: timeout ?? Infinity,
    timeout: deadline ?? Infinity,
    backoff: (n) => (retry === null ? 0 : largestWait(retry.backoff, n)),
    extraShare: extraShareOf(retry?.budget ?? null, calls),
    earnedBySuccess: retry?.budget?.earnedBy === 'success',
    concurrentFloor: 0,
    pools: [],
    place,
  };
}

/** What the budget allows: its ratio, or its cap per minute where that is less. */
function extraShareOf(budget: ParsedRetry['budget'], calls: number): number {
  if (budget === null) return Infinity;
  const { ratio, capPerMinute } = budget;
  return capPerMinute === 0 || calls === 0 ? ratio : Math.min(ratio, capPerMinute / 60 / calls);
}

/** The library repeats what may have had its effect only if that is declared safe. */
function retriedVerdicts(edge: Edge): readonly string[] {
  if (edge.policy.retry === null) return [];
  return edge.idempotent || edge.keyed ? ['transient', 'timeout', 'overload'] : ['overload'];
}

/** The wait after the n-th failure before jitter; no wait is longer than `max`. */
export function plainWait({ kind, base, factor, max }: ParsedBackoff, n: number): number {
  switch (kind) {
    case 'constant':
      return Math.min(max, base);
    case 'linear':
      return Math.min(max, base * n);
    // `custom` is a function, which no file can hold.
    case 'custom':
    case 'exponential':
      return base === 0 ? 0 : Math.min(max, base * factor ** (n - 1));
  }
}

/** The longest that jitter may make the wait after the n-th failure. */
function largestWait(backoff: ParsedBackoff, n: number): number {
  const { jitter, base, max } = backoff;
  switch (jitter) {
    case 'proportional':
      return Math.min(max, 1.2 * plainWait(backoff, n));
    case 'decorrelated':
      return base === 0 ? 0 : Math.min(max, base * 3 ** n);
    case 'full':
    case 'equal':
    case 'none':
      return plainWait(backoff, n);
  }
}
