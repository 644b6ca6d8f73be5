import type { Edge } from '../../spec/model.ts';
import type { Layer, Repeats } from '../layers.ts';
import { eachEdge, type Rule } from './rule.ts';

/** On these the request has not been worked on: Envoy's names and statuses, gRPC's code of a refusal, the library's verdict. */
const NOT_DONE: ReadonlySet<string> = new Set([
  'connect-failure',
  'refused-stream',
  'reset-before-request',
  'envoy-ratelimited',
  'resource-exhausted',
  'overload',
  '425',
  '429',
  // Says nothing by itself: the codes are listed beside it.
  'retriable-status-codes',
]);

/** In Envoy's list these are statuses of gRPC, which an answer over HTTP alone does not have. */
const OF_GRPC: ReadonlySet<string> = new Set([
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

export const unsafeRetry: Rule = {
  id: 'unsafe-retry',
  severity: 'error',
  looksFor: 'A layer that repeats a call which is neither idempotent nor keyed',
  why: 'A lost answer looks like a lost request. If the request was done, the repeat takes effect again, and somebody is charged twice. The library does not repeat such calls; a mesh or gRPC cannot know which calls may be repeated.',
  check: eachEdge((edge, { layersOf, read }) => {
    if (edge.idempotent || edge.keyed) return null;
    const hedged = read.some(
      ({ rule, at }) => rule === 'grpc-hedging-not-repeatable' && at === edge.id,
    );
    if (hedged) return null;
    const meshes = layersOf(edge).filter(({ kind }) => kind !== 'library');
    const unsafe = repetitionOf(meshes, edge);
    if (unsafe === null) return null;
    return {
      message: `${edge.id} is neither idempotent nor keyed, but its ${unsafe.text}`,
      fix: 'Send an idempotency key, set `keyed: true` on the call, and let the callee remember keys (`idempotency: {}`). If repeating does no harm, set `idempotent: true` instead. Otherwise switch the retries of that layer off for this route.',
      value: unsafe.attempts,
    };
  }),
};

/** Whether a layer makes further attempts on an edge after one that may have had its effect. */
export function repeatsDone(layer: Layer, edge: Edge): boolean {
  return repetitionOf([layer], edge) !== null;
}

/** The first of these layers that does, in words, and how many attempts it makes; null if none does. */
export function repetitionOf(
  layers: readonly Layer[],
  edge: Edge,
): { readonly text: string; readonly attempts: number } | null {
  for (const { kind, ways } of layers) {
    const [worst] = ways
      .filter((way) => repeatsOver(way, kind, edge))
      .toSorted((a, b) => b.maxAttempts - a.maxAttempts);
    if (worst === undefined) continue;
    const on = onWhatIsDone(worst, kind, edge).join(', ');
    const attempts = worst.maxAttempts;
    return {
      text: `${kind} layer repeats it${on === '' ? '' : ` on ${on}`} (up to ${attempts} attempts)`,
      attempts,
    };
  }
  return null;
}

function repeatsOver(way: Repeats, kind: Layer['kind'], edge: Edge): boolean {
  const { maxAttempts, implicit, hedges, retryOn } = way;
  // What a mesh does unasked is chosen to be safe, and is said by a rule of its own; but up to
  // Istio 1.23 a 503 was among it, which may come after the effect.
  const chosenSafe = implicit && kind !== 'library' && !retryOn.includes('503');
  if (kind === 'inbound' || maxAttempts === 1 || chosenSafe) return false;
  // Without a list, nobody knows on what.
  return hedges || retryOn.length === 0 || onWhatIsDone(way, kind, edge).length > 0;
}

/** The conditions under which the attempt before may have had its effect. */
function onWhatIsDone(
  { retryOn }: Repeats,
  kind: Layer['kind'],
  { options }: Edge,
): readonly string[] {
  const overHttp = kind === 'sidecar' && options.protocol === 'http';
  return retryOn.filter((on) => mayBeDone(on) && !(overHttp && OF_GRPC.has(on)));
}

function mayBeDone(condition: string): boolean {
  return !NOT_DONE.has(condition.toLowerCase().replaceAll('_', '-'));
}
