import { dependenciesOf, type Sharing } from '../spec/dependencies.ts';
import { callsOf } from '../spec/edges.ts';
import type { Edge, Fleet } from '../spec/model.ts';

/** The edges of a fleet by the dependencies of programs: those of one list share a breaker, a budget and a bulkhead. */
export function sharingsOf(fleet: Fleet): readonly Sharing[] {
  return [
    ...Array.from(fleet.users.values(), ({ edge }): Sharing => [edge]),
    ...[...fleet.services.values()].flatMap((service) => dependenciesOf(callsOf(service))),
  ];
}

/**
 * Processes that make the calls of an edge, each with a budget and a breaker of its own: replicas, or
 * the clients of a closed loop. Users at a rate come through one gateway.
 */
export function processesOf(edge: Edge, fleet: Fleet): number {
  const users = fleet.users.get(edge.from);
  if (users === undefined) return fleet.services.get(edge.from)?.replicas ?? 1;
  return users.arrivals.kind === 'closed' ? users.arrivals.clients : 1;
}

/** Names with every caller before its callees; there is no cycle, the spec refuses them. */
export function callersFirst(fleet: Fleet): readonly string[] {
  const seen = new Set<string>();
  const order: string[] = [];
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const service = fleet.services.get(name);
    // The last call first: turned around, the callees then keep the order of the file.
    if (service !== undefined) for (const { to } of callsOf(service).toReversed()) visit(to);
    order.push(name);
  };
  for (const name of [...fleet.services.keys()].toReversed()) visit(name);
  return order.toReversed();
}

/** The services that users call; without users, those that nobody calls. */
export function entrances(fleet: Fleet): readonly string[] {
  const called = new Set([...fleet.services.values()].flatMap(callsOf).map(({ to }) => to));
  return [...fleet.services.keys()].filter((name) => !called.has(name));
}
