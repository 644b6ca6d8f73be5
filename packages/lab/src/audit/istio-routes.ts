import { pathText } from '../spec/problems.ts';
import type { Finding, Place } from './finding.ts';
import { type Host, isPublic, isWildcard } from './host-forms.ts';
import { type Binding, bindingOf, hostAt, hostsOf, matched, type Way } from './istio-bindings.ts';
import { type Delegation, isDelegate } from './istio-delegates.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { MeshSettings } from './istio-mesh.ts';
import { isForReads, isReached, narrowed, type Reached, reachedInOrder } from './istio-matches.ts';
import type { GatewayKind, Resource } from './istio-resources.ts';
import { DURATION, NO_RETRIES, readRetries, type Retries } from './istio-retries.ts';
import { type Field, goDuration } from './k8s-fields.ts';
import { elsewhere, meshFinding, unmatched } from './mesh-findings.ts';

/** An http route of a VirtualService, or a rule of the Gateway API: what the audit needs of it. */
export interface Route extends Binding {
  /** The kind of the resource that states it, or that would if anybody did. */
  readonly kind: 'VirtualService' | GatewayKind;
  /** The services of the fleet whose requests take it. */
  readonly services: readonly string[];
  /**
   * Where their requests are sent, as `targetOf` has it; null for the services themselves. Weights are not
   * looked at, since those of a canary change.
   */
  readonly targets: readonly string[] | null;
  /** Only requests whose method says that they have no effect take it. */
  readonly isForReads: boolean;
  readonly retries: Retries;
  /** Milliseconds for all tries and waits; Infinity without one, which is Istio's default. */
  readonly timeout: number;
  readonly place: Place;
}

const KIND = 'VirtualService' as const;
const SPEC = ['hosts', 'gateways', 'http', 'tls', 'tcp', 'exportTo'];
const HTTP = [
  'name',
  'match',
  'route',
  'redirect',
  'directResponse',
  'delegate',
  'rewrite',
  'timeout',
  'retries',
  'fault',
  'mirror',
  'mirrors',
  'mirrorPercent',
  'mirrorPercentage',
  'corsPolicy',
  'headers',
];
const WITHOUT_ACTION =
  'has none of route, redirect, directResponse and delegate: Istio refuses the VirtualService';
const ROUTE = ['destination', 'weight', 'headers'];
const DESTINATION = ['host', 'subset', 'port'];

/** What those who read the resources of one mesh share. */
export interface Reading {
  readonly names: ServiceNames;
  readonly mesh: MeshSettings;
  readonly findings: Finding[];
}

/**
 * The routes of a VirtualService. A route concerns the services that `hosts` name, for callers call
 * them so; where these are public names or wildcards, those that it leads to.
 *
 * @param delegations that lead here: one without hosts has the routes for these, or for nobody.
 */
export function readRoutes(
  spec: Field,
  resource: Resource,
  delegations: readonly Delegation[],
  reading: Reading,
): readonly Route[] {
  const { names, mesh, findings } = reading;
  const { name, namespace } = resource;
  if (!spec.isObject(SPEC)) return [];
  const hosts = hostsOf(spec.at('hosts'), namespace);
  const own = { ...bindingOf(resource, names), hosts, reached: null };
  const ways = isDelegate(spec) ? delegations : [own];
  const itself = name === '' ? 'a VirtualService' : `VirtualService ${name}`;
  if (ways.length === 0) findings.push(withoutEffect(spec, itself));
  const https = reachedInOrder(spec);
  const serviceOf = (to: readonly Host[]): string =>
    ways.flatMap((way) => concerned(way, to, names))[0] ?? hosts[0]?.text ?? itself;
  const overHttp = https.flatMap((reached) => {
    const { http } = reached;
    const to = destinations(http, namespace);
    const stated = readRoute(http, mesh, serviceOf(to), findings);
    return stated === null || !isReached(reached)
      ? []
      : ways.flatMap((way) => routesOver(way, reached, to, stated, reading));
  });
  findings.push(...neverTaken(https, ({ http }) => serviceOf(destinations(http, namespace))));
  const routes = [...overHttp, ...opaqueRoutes(spec, own, names)];
  const leads =
    https.some(({ http }) => http.at('delegate').given) ||
    routes.some(({ services }) => services.length > 0);
  findings.push(...unknownHosts(own, leads, names));
  if (!isDelegate(spec) && !own.mesh && !own.gateway) {
    const [at = itself] = matched(hosts, names);
    findings.push(elsewhere(resource, { at, place: spec.at('exportTo').place }, names));
  }
  return routes;
}

/** The routes after one that takes every request, as one finding. */
function neverTaken(
  https: readonly Reached[],
  serviceOf: (reached: Reached) => string,
): readonly Finding[] {
  const never = https.filter((reached) => !isReached(reached));
  const [first] = never;
  if (first === undefined) return [];
  const last = https[https.length - never.length - 1]!;
  const [these, takes] =
    never.length === 1 ? ['the route', 'takes'] : [`${never.length} routes`, 'take'];
  return [
    meshFinding('invalid-mesh-config', {
      severity: 'warning',
      message: `${pathText(last.http.path)} takes every request, so ${these} after it ${takes} none`,
      fix: 'Put the route for all other requests last, or remove what comes after it.',
      at: serviceOf(first),
      place: first.http.place,
      value: never.length,
    }),
  ];
}

/** One http route, for those who have it by way of this VirtualService or of one that delegates to it. */
function routesOver(
  way: Way & { readonly reached: Reached | null },
  reached: Reached,
  to: readonly Host[],
  stated: Stated,
  { names, mesh }: Reading,
): readonly Route[] {
  // Who asks for another name is sent there; else it is the service that the route leads to.
  const isNamed = to.length > 0 && matched(way.hosts, names).length > 0;
  const targets = isNamed ? to.map((host) => names.targetOf(host)) : null;
  const { exportedTo, rank } = way;
  const ranked = matched(way.hosts, names).length > 0 ? rank : () => null;
  const route = {
    kind: KIND,
    targets,
    isForReads: [way.reached?.http, reached.http].some(
      (http) => http && isForReads(http.at('match')),
    ),
    exportedTo,
    rank: ranked,
    ...completed(stated, way.reached, mesh),
  };
  const [outside, inside] = names.apart(concerned(way, to, names));
  return [
    { ...route, ...narrowed(narrowed(way, way.reached), reached), services: inside },
    // A call to the world outside may leave by the gateway that a route is for.
    { ...route, mesh: way.mesh, gateway: way.gateway, services: outside },
  ];
}

/**
 * The hosts that name no service of the fleet. One that may have any name is known if its routes lead to
 * a service, and a wildcard need not.
 */
function unknownHosts(way: Way, leads: boolean, names: ServiceNames): readonly Finding[] {
  return way.hosts
    .filter(({ text, namespace }) => names.serviceOf(text, namespace) === null)
    .filter((host) => !mayLead(host, way, names) || !(leads || isWildcard(host.text)))
    .map((host) => unmatched('VirtualService', host, names));
}

/**
 * Routes of TCP and TLS: sidecars pass such connections on, and repeat nothing. A service that has a port of HTTP
 * as well keeps the default there.
 */
function opaqueRoutes(spec: Field, way: Way, names: ServiceNames): readonly Route[] {
  const leads = ['tls', 'tcp'].flatMap((key) => spec.at(key).items());
  const [first] = leads;
  if (spec.at('http').given || first === undefined) return [];
  const [host] = way.hosts;
  const hosts = leads.flatMap((one) => destinations(one, host?.namespace ?? null));
  const services = concerned(way, hosts, names);
  const { mesh, gateway, exportedTo } = way;
  return [
    {
      kind: KIND,
      mesh,
      gateway,
      exportedTo,
      rank: () => null,
      services: services.filter((service) => !names.isEnteredOverHttp(service)),
      targets: null,
      isForReads: false,
      retries: NO_RETRIES,
      timeout: Infinity,
      place: first.place,
    },
  ];
}

/**
 * The route of a service that is worst for it: the most requests, then the longest tries, then the
 * longest in all. Which route a request takes depends on what is in it, so the audit, which looks for
 * the worst case, takes this one for all of them.
 */
export function worstRoute(routes: readonly Route[]): Route | null {
  return routes.reduce<Route | null>(
    (worst, route) => (worst === null || isWorse(route, worst) ? route : worst),
    null,
  );
}

/** Milliseconds that one try may take: what is not stated is the route's timeout, which also ends a longer one. */
export function perTryOf({ retries, timeout }: Route): number {
  return Math.min(retries.perTry ?? Infinity, timeout);
}

function isWorse(a: Route, b: Route): boolean {
  if (a.retries.maxAttempts !== b.retries.maxAttempts) {
    return a.retries.maxAttempts > b.retries.maxAttempts;
  }
  if (perTryOf(a) !== perTryOf(b)) return perTryOf(a) > perTryOf(b);
  return a.timeout > b.timeout;
}

/** What a route says itself; null for what it does not. */
interface Stated {
  readonly retries: Retries | null;
  readonly timeout: number | null;
  readonly place: Place;
}

/** Null for a route that sends nothing on, or has no action at all, and for one that delegates. */
function readRoute(
  http: Field,
  mesh: MeshSettings,
  at: string,
  findings: Finding[],
): Stated | null {
  if (!http.isObject(HTTP)) return null;
  const stated = statedBy(http, mesh, at, findings);
  const ends = ['redirect', 'directResponse', 'delegate'].some((key) => http.at(key).given);
  if (ends) return null;
  if (http.at('route').items().length > 0) return stated;
  http.note(WITHOUT_ACTION);
  return null;
}

function statedBy(http: Field, mesh: MeshSettings, at: string, findings: Finding[]): Stated {
  const block = http.at('retries');
  return {
    retries: block.given ? readRetries(block, mesh.builtIn, at, findings) : null,
    timeout: http.at('timeout').duration(DURATION, goDuration),
    place: block.given ? block.place : http.place,
  };
}

/** What a route states, completed as Istio does it: by the route that delegates to it, then by the mesh's default. */
function completed(
  stated: Stated,
  root: Reached | null,
  mesh: MeshSettings,
): Pick<Route, 'retries' | 'timeout' | 'place'> {
  // What is wrong in the root was found where it stands.
  const around = root === null ? null : statedBy(root.http, mesh, '', []);
  const inherits = stated.retries === null && around !== null && around.retries !== null;
  return {
    retries: stated.retries ?? around?.retries ?? mesh.defaults,
    timeout: stated.timeout ?? around?.timeout ?? Infinity,
    place: inherits ? around.place : stated.place,
  };
}

function destinations(http: Field, namespace: string | null): readonly Host[] {
  return http
    .at('route')
    .items()
    .flatMap((route) => {
      const destination = route.at('destination');
      // One indent too many makes a timeout one of the destination's, where nobody reads it.
      const known = route.isObject(ROUTE) && destination.isObject(DESTINATION);
      return known ? hostAt(destination.at('host'), namespace) : [];
    });
}

/** The services that a route to these hosts concerns: those that its way names, else those that it leads to. */
function concerned(way: Way, to: readonly Host[], names: ServiceNames): readonly string[] {
  const named = matched(way.hosts, names);
  if (named.length > 0) return named;
  return way.hosts.some((host) => mayLead(host, way, names)) ? matched(to, names) : [];
}

/** Whether a host may be any name, so that its routes say which service it is. At a gateway every host may. */
function mayLead({ text }: Host, { gateway }: Pick<Way, 'gateway'>, names: ServiceNames): boolean {
  return gateway || isPublic(text) || (isWildcard(text) && names.coversAny(text));
}

function withoutEffect(spec: Field, itself: string): Finding {
  return meshFinding('invalid-mesh-config', {
    severity: 'warning',
    message: `${itself} has no hosts, and no other delegates to it: it has no effect`,
    fix: 'Set `hosts` to the hosts that its routes are for, or remove the VirtualService.',
    at: itself,
    place: spec.place,
  });
}
