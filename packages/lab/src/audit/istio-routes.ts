import type { Fleet } from '../spec/model.ts';
import type { Finding, Place } from './finding.ts';
import { meshFinding } from './istio-findings.ts';
import { isWildcard, serviceOf } from './istio-hosts.ts';
import type { MeshSettings } from './istio-mesh.ts';
import { DURATION, readRetries, type Retries } from './istio-retries.ts';
import { type Field, goDuration } from './k8s-fields.ts';

/** Whose requests take the routes of a VirtualService. */
interface Binding {
  /** Sidecars have it: it is bound to `mesh`, or to nothing. */
  readonly mesh: boolean;
  /** A gateway has it, and with it the users' requests. */
  readonly gateway: boolean;
}

/** A route that leaves its requests to another VirtualService. */
export interface Delegation extends Binding {
  /** Whose name that has. */
  readonly to: string;
  /** What it says of retries and of time holds for those of the other's routes that do not. */
  readonly http: Field;
}

/** One http route of a VirtualService, as far as the audit is concerned. */
export interface Route extends Binding {
  /** The services of the fleet whose requests take it. */
  readonly services: readonly string[];
  readonly retries: Retries;
  /** Milliseconds for all tries and waits; Infinity without one, which is Istio's default. */
  readonly timeout: number;
  readonly place: Place;
}

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

/** What a VirtualService says itself of who has its routes. */
function bindingOf(spec: Field): Binding {
  const bound = texts(spec.at('gateways'));
  return {
    mesh: bound.length === 0 || bound.some(({ text }) => text === 'mesh'),
    gateway: bound.some(({ text }) => text !== 'mesh'),
  };
}

/** Where a VirtualService leaves routes to others. */
export function delegationsOf(spec: Field): readonly Delegation[] {
  const binding = bindingOf(spec);
  return spec
    .at('http')
    .items()
    .flatMap((http) => {
      const to = http.at('delegate').at('name').text();
      return to === null ? [] : [{ ...binding, to, http }];
    });
}

/**
 * The routes of a VirtualService. A route concerns the services that `hosts` name, for callers call
 * them so; where these are public names or wildcards, those that it leads to.
 *
 * @param delegations that lead here: with some, its routes are theirs.
 */
export function readRoutes(
  spec: Field,
  delegations: readonly Delegation[],
  fleet: Fleet,
  mesh: MeshSettings,
  findings: Finding[],
): readonly Route[] {
  if (!spec.isObject(SPEC)) return [];
  const hosts = texts(spec.at('hosts')).filter(({ text }) => !isWildcard(text));
  const named = matched(hosts, fleet);
  const own = { ...bindingOf(spec), http: null };
  const ways = delegations.length === 0 ? [own] : delegations;
  const routes = spec
    .at('http')
    .items()
    .flatMap((http) => {
      const services = named.length > 0 ? named : matched(destinations(http), fleet);
      const at = services[0] ?? hosts[0]?.text ?? 'a VirtualService';
      const stated = readRoute(http, mesh, at, findings);
      if (stated === null) return [];
      return ways.map((way) => {
        const binding = { mesh: way.mesh, gateway: way.gateway };
        return { ...binding, ...completed(stated, way.http, mesh), services };
      });
    });
  // A public name at a gateway need not be a service's; where it leads to should be known.
  const nowhere = routes.every(({ services }) => services.length === 0);
  for (const host of hosts) {
    const unknown = serviceOf(host.text, fleet) === null;
    if (unknown && (nowhere || ways.every(({ gateway }) => !gateway)))
      findings.push(unmatched('VirtualService', host));
  }
  return routes;
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

/** A host and where it is written. */
export interface Host {
  readonly text: string;
  readonly place: Place;
}

/** A host that names no service of the fleet. */
export function unmatched(kind: string, { text, place }: Host): Finding {
  return meshFinding('mesh-name-unmatched', {
    severity: 'info',
    message: `The host ${JSON.stringify(text)} of a ${kind} is no service of the spec`,
    fix: 'Correct the name, or add the service to the spec: the first label of the host must be its name there.',
    at: text,
    place,
  });
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
  if (['redirect', 'directResponse', 'delegate'].some((key) => http.at(key).given)) return null;
  return stated;
}

function statedBy(http: Field, mesh: MeshSettings, at: string, findings: Finding[]): Stated {
  const block = http.at('retries');
  const timeout = http.at('timeout').duration(DURATION, goDuration);
  return {
    retries: block.given ? readRetries(block, mesh.builtIn, at, findings) : null,
    // 0 switches it off, which it is by itself.
    timeout: timeout === 0 ? Infinity : timeout,
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

function destinations(http: Field): readonly Host[] {
  return http
    .at('route')
    .items()
    .flatMap((route) => {
      const host = route.at('destination').at('host');
      const text = host.text();
      return text === null ? [] : [{ text, place: host.place }];
    });
}

function texts(list: Field): readonly Host[] {
  return list.items().flatMap((item) => {
    const text = item.text();
    return text === null ? [] : [{ text, place: item.place }];
  });
}

function matched(hosts: readonly Host[], fleet: Fleet): readonly string[] {
  const found = hosts.map(({ text }) => serviceOf(text, fleet));
  return [...new Set(found)].filter((name) => name !== null);
}
