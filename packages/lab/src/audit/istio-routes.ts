import type { Finding, Place } from './finding.ts';
import { type Host, isPublic, isWildcard } from './host-forms.ts';
import { type Binding, bindingOf, hostAt, hostsOf, matched, type Way } from './istio-bindings.ts';
import { type Delegation, isDelegate } from './istio-delegates.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { MeshSettings } from './istio-mesh.ts';
import { type GatewayKind, type Resource, textsOf } from './istio-resources.ts';
import { DURATION, NO_RETRIES, readRetries, type Retries } from './istio-retries.ts';
import { type Field, goDuration } from './k8s-fields.ts';
import { elsewhere, meshFinding, unmatched } from './mesh-findings.ts';

/** One http route of a VirtualService, or a rule of the Gateway API, as far as the audit is concerned. */
export interface Route extends Binding {
  /** Of what, or would be if anybody stated it. */
  readonly kind: 'VirtualService' | GatewayKind;
  /** The services of the fleet whose requests take it. */
  readonly services: readonly string[];
  /**
   * Where these are sent to, as `targetOf` has it, whatever the weights: a canary's change. Null for
   * to the services themselves.
   */
  readonly targets: readonly string[] | null;
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
  { names, mesh, findings }: Reading,
): readonly Route[] {
  const { name, namespace } = resource;
  if (!spec.isObject(SPEC)) return [];
  const hosts = hostsOf(spec.at('hosts'), namespace);
  const own = { ...bindingOf(resource, names), hosts, http: null };
  const ways = isDelegate(spec) ? delegations : [own];
  const itself = name === '' ? 'a VirtualService' : `VirtualService ${name}`;
  if (ways.length === 0) findings.push(withoutEffect(spec, itself));
  const overHttp = spec
    .at('http')
    .items()
    .flatMap((http) => {
      const leads = destinations(http, namespace);
      const to = matched(leads, names);
      const [at = hosts[0]?.text ?? itself] = ways.flatMap((way) => concerned(way, to, names));
      const stated = readRoute(http, mesh, at, findings);
      if (stated === null) return [];
      return ways.flatMap((way) => {
        // Who asks for another name is sent there; else it is the service that the route leads to.
        const isNamed = leads.length > 0 && matched(way.hosts, names).length > 0;
        const targets = isNamed ? leads.map((host) => names.targetOf(host)) : null;
        const { exportedTo } = way;
        const route = { kind: KIND, targets, exportedTo, ...completed(stated, way.http, mesh) };
        const [outside, inside] = names.apart(concerned(way, to, names));
        return [
          { ...route, ...narrowed(narrowed(way, way.http), http), services: inside },
          // A call to the world outside may leave by the gateway that a route is for.
          { ...route, mesh: way.mesh, gateway: way.gateway, services: outside },
        ];
      });
    });
  const routes = [...overHttp, ...opaqueRoutes(spec, own, names)];
  // A public name need not be a service's; where it leads to should be known.
  const leaves = spec
    .at('http')
    .items()
    .some((http) => http.at('delegate').given);
  const nowhere = !leaves && routes.every(({ services }) => services.length === 0);
  const unknown = hosts.filter(({ text }) => names.serviceOf(text, namespace) === null);
  for (const host of unknown) {
    const leads = isWildcard(host.text) || !nowhere;
    if (mayLead(host, own, names) && leads) continue;
    findings.push(unmatched('VirtualService', host, names));
  }
  if (!isDelegate(spec) && !own.mesh && !own.gateway) {
    const [at = itself] = matched(hosts, names);
    findings.push(elsewhere(resource, { at, place: spec.at('exportTo').place }, names));
  }
  return routes;
}

/** What the matches of a route leave of its VirtualService's binding: they may name the gateways that it is for, or `mesh`. */
function narrowed(binding: Binding, http: Field | null): Binding {
  const { mesh, gateway, exportedTo } = binding;
  const matches = http === null ? [] : http.at('match').items();
  const named = matches.map((match) => textsOf(match.at('gateways').value));
  if (named.length === 0 || named.some(({ length }) => length === 0))
    return { mesh, gateway, exportedTo };
  const all = named.flat();
  return {
    exportedTo,
    mesh: mesh && all.includes('mesh'),
    gateway: gateway && all.some((name) => name !== 'mesh'),
  };
}

/** Sidecars pass connections on that are routed as such, and repeat nothing; but a port of HTTP beside them has its default. */
function opaqueRoutes(spec: Field, way: Way, names: ServiceNames): readonly Route[] {
  const leads = ['tls', 'tcp'].flatMap((key) => spec.at(key).items());
  const [first] = leads;
  if (spec.at('http').given || first === undefined) return [];
  const [host] = way.hosts;
  const hosts = leads.flatMap((one) => destinations(one, host?.namespace ?? null));
  const services = concerned(way, matched(hosts, names), names);
  const { mesh, gateway, exportedTo } = way;
  return [
    {
      kind: KIND,
      mesh,
      gateway,
      exportedTo,
      services: services.filter((service) => !names.isEnteredOverHttp(service)),
      targets: null,
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

/** Null for what sends nothing on, and for what another VirtualService says. */
function readRoute(
  http: Field,
  mesh: MeshSettings,
  at: string,
  findings: Finding[],
): Stated | null {
  if (!http.isObject(HTTP)) return null;
  const stated = statedBy(http, mesh, at, findings);
  const ends = ['redirect', 'directResponse', 'delegate'].some((key) => http.at(key).given);
  if (!ends && http.at('route').items().length === 0) http.note(WITHOUT_ACTION);
  if (ends) return null;
  return stated;
}

function statedBy(http: Field, mesh: MeshSettings, at: string, findings: Finding[]): Stated {
  const block = http.at('retries');
  return {
    retries: block.given ? readRetries(block, mesh.builtIn, at, findings) : null,
    timeout: http.at('timeout').duration(DURATION, goDuration),
    place: block.given ? block.place : http.place,
  };
}

/** With what the route that delegates to it says, as Istio merges the two, and the mesh's default. */
function completed(
  stated: Stated,
  root: Field | null,
  mesh: MeshSettings,
): Pick<Route, 'retries' | 'timeout' | 'place'> {
  // What is wrong in the root was found where it stands.
  const around = root === null ? null : statedBy(root, mesh, '', []);
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

/** The services that a route concerns which leads to these. */
function concerned(way: Way, to: readonly string[], names: ServiceNames): readonly string[] {
  const named = matched(way.hosts, names);
  if (named.length > 0) return named;
  return way.hosts.some((host) => mayLead(host, way, names)) ? to : [];
}

/** Whether requests to a host are for the services that its routes lead to. At a gateway any host may be one of the world outside. */
function mayLead({ text }: Host, { gateway }: Binding, names: ServiceNames): boolean {
  return gateway || isPublic(text) || (isWildcard(text) && names.coversAny(text));
}

function withoutEffect(spec: Field, itself: string): Finding {
  return meshFinding('invalid-mesh-config', {
    severity: 'warning',
    message: `${itself} has no hosts, and no other delegates to it: it has no effect`,
    fix: 'Name the hosts that its routes are for, or take it away.',
    at: itself,
    place: spec.place,
  });
}
