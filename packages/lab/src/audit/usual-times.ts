/* How long answers usually take when all is well: about half of them take longer, however long the longest are. */
import { medianOf } from '../spec/mean.ts';
import type { Edge, Fleet } from '../spec/model.ts';
import { callersFirst } from './edges.ts';
import type { Layer } from './layers.ts';
import { callShare, inSequence } from './load.ts';
import { longest } from './tries.ts';

/**
 * Milliseconds by service, without any queue: its own time, and that of its calls one after another. A
 * call that most requests do without takes none, and no call takes longer than its own limits let it.
 */
export function usualTimes(
  fleet: Fleet,
  layersOf: (edge: Edge) => readonly Layer[],
): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const name of callersFirst(fleet).toReversed()) {
    const service = fleet.services.get(name);
    if (service === undefined) continue;
    const timeOf = (call: Edge): number => {
      const isUsual = callShare(service) * Math.min(1, call.times) > 0.5;
      return isUsual ? Math.min(times.get(call.to) ?? 0, longest(layersOf(call))) : 0;
    };
    times.set(name, medianOf(service.server.serviceTime) + inSequence(service, timeOf));
  }
  return times;
}
