/*
 * Istio makes a VirtualService of the routes of the Gateway API, and sidecars take the first one for a host alone:
 * they merge nothing. First come VirtualServices that are not exported to all, then HTTPRoutes and GRPCRoutes in
 * the caller's own namespace, then all others by their age (`VirtualServicesForGateway` in Istio's push context).
 */
import type { Finding } from './finding.ts';
import type { Route } from './istio-routes.ts';
import { some } from './istio-resources.ts';
import { meshFinding } from './mesh-findings.ts';

/** The routes of one service that sidecars take, and what is found of the others. */
export interface Taken {
  readonly routes: readonly Route[];
  readonly findings: readonly Finding[];
}

/**
 * Of VirtualServices and routes of the Gateway API for one host only the first kind counts; where age decides, which
 * no file says, both may.
 *
 * @param caller the namespace of the sidecars that see these routes.
 */
export function takenFirst(routes: readonly Route[], caller: string, to: string): Taken {
  const ranked = routes.map((route) => ({ route, rank: route.rank(caller) }));
  const ofHost = ranked.filter(({ rank }) => rank !== null);
  const kinds = new Set(ofHost.map(({ route }) => isOfGatewayApi(route)));
  if (kinds.size < 2) return { routes, findings: [] };
  const first = Math.min(...ofHost.map(({ rank }) => rank!));
  const later = ofHost.filter(({ rank }) => rank !== first).map(({ route }) => route);
  const winner = ofHost.find(({ rank }) => rank === first)!.route;
  const other = ofHost.find(({ route }) => isOfGatewayApi(route) !== isOfGatewayApi(winner))!.route;
  return {
    routes: routes.filter((route) => !later.includes(route)),
    findings: [twoKinds(to, winner, other, later.length > 0 ? caller : null)],
  };
}

function isOfGatewayApi({ kind }: Route): boolean {
  return kind !== 'VirtualService';
}

/** @param caller the namespace whose sidecars take the first alone; null where age decides. */
function twoKinds(to: string, first: Route, other: Route, caller: string | null): Finding {
  return meshFinding('invalid-mesh-config', {
    severity: 'warning',
    message:
      caller === null
        ? `${to} has ${some(first.kind)} and ${some(other.kind)}, of which sidecars take only the older one; no file says which that is, so the audit counts the worse`
        : `${to} has ${some(first.kind)} and ${some(other.kind)}, of which sidecars in ${caller} take only the ${first.kind}: retries and timeouts of the ${other.kind} have no effect`,
    fix: `State the routes of ${to} in one of the two, and remove the other.`,
    at: to,
    place: other.place,
  });
}
