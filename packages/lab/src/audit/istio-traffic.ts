/* Who calls whom through which proxy, and by which routes. */
import { edgesOf } from '../spec/edges.ts';
import type { Edge, Fleet, Service } from '../spec/model.ts';
import type { Finding, Place } from './finding.ts';
import type { Ambient } from './istio-ambient.ts';
import { takenFirst } from './istio-precedence.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { MeshSettings } from './istio-mesh.ts';
import { meshFinding } from './mesh-findings.ts';
import { type Route, worstRoute } from './istio-routes.ts';

/** All calls of one callee that come by the same way: through sidecars, its waypoint, or a gateway. */
export interface Traffic {
  readonly to: string;
  readonly edges: readonly Edge[];
  /** The worst of those that they may take. */
  readonly route: Route;
  /** All of these. */
  readonly routes: readonly Route[];
  /** Where all routes that retry send requests to. */
  readonly targets: readonly string[];
  /** Where all routes send requests to. */
  readonly leads: readonly string[];
  /** The namespaces of the proxies: the edges' callers', or the waypoint's; null for a gateway's, which no file says. */
  readonly callers: readonly (string | null)[];
  readonly isWaypoint: boolean;
}

/** What it is made of. */
interface Parts {
  readonly fleet: Fleet;
  readonly routes: readonly Route[];
  readonly names: ServiceNames;
  readonly ambient: Ambient;
}

/**
 * The traffic of a fleet, and what is found of routes that nobody reads.
 *
 * @param byDefault what sidecars do that no VirtualService tells how to reach a service; null if they take no part.
 */
export function trafficOf(
  { fleet, routes, names, ambient }: Parts,
  byDefault: (service: Service) => Route | null,
): { readonly traffic: readonly Traffic[]; readonly findings: readonly Finding[] } {
  const traffic: Traffic[] = [];
  const findings: Finding[] = [];
  const callsTo = Map.groupBy(edgesOf(fleet), ({ to }) => to);
  const routesTo = Map.groupBy(
    routes.flatMap((route) => route.services.map((to) => ({ to, route }))),
    ({ to }) => to,
  );
  for (const service of fleet.services.values()) {
    const { name: to } = service;
    const bound = (routesTo.get(to) ?? []).map(({ route }) => route);
    const called = callsTo.get(to) ?? [];
    const inside = called.filter(({ from }) => fleet.services.has(from));
    const isAmbient = ({ from }: Edge): boolean => ambient.isIn(names.namespaceOf(from));
    const seenFrom = (namespace: string): readonly Route[] =>
      bound.filter(({ mesh, exportedTo }) => mesh && exportedTo(namespace));

    const besideSidecars = inside.filter((edge) => !isAmbient(edge));
    const callers = [...new Set(besideSidecars.map(({ from }) => names.namespaceOf(from)))];
    const taken = callers.flatMap((caller) => {
      const seen = takenFirst(seenFrom(caller), caller, to);
      findings.push(...seen.findings);
      return seen.routes.length > 0 ? seen.routes : (byDefault(service) ?? []);
    });
    traffic.push(...trafficOver(to, { edges: besideSidecars, callers }, taken));

    // The waypoint is taken to be where the callee is. It retries nothing that no route is for.
    const without = inside.filter(isAmbient);
    const namespace = names.namespaceOf(to);
    const routed = seenFrom(namespace);
    if (ambient.hasWaypoint(to, namespace)) {
      traffic.push(
        ...trafficOver(to, { edges: without, callers: [namespace], isWaypoint: true }, routed),
      );
    } else if (without.length > 0 && routed[0] !== undefined) {
      findings.push(unread(to, routed[0]));
    }

    const outside = called.filter(({ from }) => !fleet.services.has(from));
    const atGateway = bound.filter(({ gateway }) => gateway);
    traffic.push(...trafficOver(to, { edges: outside, callers: [null] }, atGateway));
  }
  return { traffic, findings };
}

/** Of routes that requests may take alike the worst; none if nobody calls, or there is no route. */
function trafficOver(
  to: string,
  { edges, callers, isWaypoint = false }: Pick<Traffic, 'edges' | 'callers'> & Partial<Traffic>,
  taken: readonly Route[],
): readonly Traffic[] {
  const route = worstRoute(taken);
  if (route === null || edges.length === 0) return [];
  const retrying = taken.filter(({ retries }) => retries.maxAttempts > 1);
  const targets = leadsOf(to, retrying);
  return [
    { to, edges, route, routes: taken, targets, leads: leadsOf(to, taken), callers, isWaypoint },
  ];
}

/** Each host once; the service itself if the routes name none. */
function leadsOf(to: string, routes: readonly Route[]): readonly string[] {
  const hosts = new Set(routes.flatMap(({ targets }) => targets ?? [to]));
  return hosts.size > 0 ? [...hosts] : [to];
}

/** Routes of what is called in ambient mode without a waypoint. */
function unread(to: string, { kind, place }: Route): Finding {
  return meshFinding('invalid-mesh-config', {
    severity: 'warning',
    message: `${to} is called in ambient mode and has no waypoint, so no proxy reads the ${kind}: its retries and its timeout have no effect`,
    fix: `Set the label istio.io/use-waypoint on ${to} or on its namespace, or leave retries and timeouts to the library.`,
    at: to,
    place,
  });
}

/** What sidecars do where no VirtualService tells how to reach a service. */
export function defaultRoute({ defaults }: MeshSettings, place: Place): Route {
  return {
    kind: 'VirtualService',
    services: [],
    targets: null,
    mesh: true,
    gateway: false,
    isForReads: false,
    exportedTo: () => true,
    rank: () => null,
    retries: defaults,
    timeout: Infinity,
    place: defaults.place ?? place,
  };
}
