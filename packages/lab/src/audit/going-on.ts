import { callsOf } from '../spec/edges.ts';
import type { Edge, Fleet } from '../spec/model.ts';
import { callersFirst } from './edges.ts';

/**
 * The share of a caller's requests that go on after the calls of an edge: the others have failed with them. At
 * least, for nothing counts as tried again.
 *
 * @param isNeeded whether a caller has no good answer without an edge's calls.
 */
export function goingOn(fleet: Fleet, isNeeded: (edge: Edge) => boolean): (edge: Edge) => number {
  const well = new Map<string, number>();
  const after = (edge: Edge): number => {
    if (!isNeeded(edge)) return 1;
    const each = well.get(edge.to) ?? 1;
    return edge.times < 1 ? 1 - edge.times * (1 - each) : each ** edge.times;
  };
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    const { failures, cache } = service.server;
    const hits = cache?.hitRate ?? 0;
    const calls = callsOf(service).reduce((share, edge) => share * after(edge), 1);
    well.set(name, (1 - failures) * (hits + (1 - hits) * calls));
  }
  return after;
}
