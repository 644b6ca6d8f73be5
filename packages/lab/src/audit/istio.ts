/*
 * Istio's configuration as layers of the audit.
 *
 * What the numbers are: a route's `attempts` come on top of the first try; a route that says nothing
 * has 2 of them; a timeout holds for all tries together and there is none by default. The full table
 * is in docs/audit/istio-default-retries.md.
 */
import { edgesOf } from '../spec/edges.ts';
import type { Fleet, SpecPath } from '../spec/model.ts';
import type { Finding, Place } from './finding.ts';
import { type Destination, Destinations } from './istio-destinations.ts';
import { readGatewayRoutes } from './gateway-routes.ts';
import { delegations, keyOf, notFollowed } from './istio-delegates.ts';
import { Ambient, ambientNamespaces, elsewhereInAmbient } from './istio-ambient.ts';
import { fromNote, meshFinding, notRendered } from './mesh-findings.ts';
import { ServiceNames } from './istio-hosts.ts';
import { readMesh } from './istio-mesh.ts';
import {
  destinationsSaid,
  hostsSaid,
  type Resource,
  resourcesOf,
  some,
} from './istio-resources.ts';
import { defaultRoute, type Traffic, trafficOf } from './istio-traffic.ts';
import { ENVOY_BASE, envoyBackoff } from './istio-retries.ts';
import { perTryOf, type Reading, readRoutes, type Route } from './istio-routes.ts';
import { type Note, readDocuments, startOf } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';
import type { Layer, LayersRead } from './layers.ts';
import { isOfMesh, notRead } from './mesh-kinds.ts';

/**
 * What sidecars do between the services of a fleet: VirtualServices, DestinationRules, ServiceEntries,
 * MeshConfigs, and HTTPRoutes and GRPCRoutes of the Gateway API, in a file or folder.
 *
 * - Every edge between two services of one's own has a `sidecar` layer, stated or not; one to an
 *   external service where a VirtualService is bound to it, or a ServiceEntry with a port of HTTP
 *   names it; one from users (at a gateway) only where a VirtualService is bound to it.
 * - A host names a service as `ServiceNames` has it.
 * - A VirtualService with several http routes counts with its worst, see `worstRoute`.
 * - What is not valid counts as not stated, and is a finding.
 * - A callee's own sidecar repeats what was reset before the application saw it. Of such a request
 *   one try reaches the application, so this `inbound` layer counts with one attempt: it is there to
 *   be seen, and multiplies nothing.
 *
 * @param placeOf where the spec says something: the place of findings on what no file of the mesh states.
 * @throws Error with a line for everything that cannot be read.
 */
export async function readIstio(
  path: string,
  fleet: Fleet,
  placeOf: (path: SpecPath) => Place = () => startOf(path),
): Promise<LayersRead> {
  const { documents, notes, templates } = await readDocuments(path, isOfMesh);
  const findings: Finding[] = notes.map((note) => fromNote('invalid-mesh-config', path, note));
  const meshNotes: Note[] = [];
  const mesh = readMesh(documents, meshNotes, findings);
  findings.push(...meshNotes.map((note) => fromNote('invalid-mesh-config', 'the mesh', note)));
  const stated = resourcesOf(documents);
  const raw = stated.filter(({ document }) => document.isTemplate());
  const resources = stated.filter((one) => !raw.includes(one));
  const unread = [...notRead(documents), ...elsewhereInAmbient(documents)];
  findings.push(...unread);
  findings.push(...notRendered([...templates, ...raw.map(({ document }) => document.placeOf([]))]));
  const inAmbient = ambientNamespaces(documents);
  const anything =
    stated.length + templates.length + unread.length + inAmbient.length > 0 || mesh.isStated;
  if (!anything) findings.push(nothingOfIstio(path));
  const names = new ServiceNames(fleet, resources, mesh, inAmbient[0]);
  const ambient = new Ambient(documents, names);
  const delegated = delegations(resources, names);
  findings.push(...notFollowed(delegated, resources, names));
  const reading: Reading = { names, mesh, findings };
  const routes = resources.flatMap((resource): readonly Route[] => {
    const { kind } = resource;
    if (kind === 'DestinationRule' || kind === 'ServiceEntry') return [];
    const leading = delegated.get(keyOf(resource, names.home)) ?? [];
    return readSpec(resource, reading, (spec) =>
      kind === 'VirtualService'
        ? readRoutes(spec, resource, leading, reading)
        : readGatewayRoutes(spec, resource, kind, reading),
    );
  });
  const taken = routes.filter(({ services }) => services.length > 0);
  const targets = taken.flatMap((route) => route.targets ?? []);
  const destinations = new Destinations(fleet, names, findings, new Set(targets));
  for (const resource of resources) {
    if (resource.kind !== 'DestinationRule') continue;
    readSpec(resource, reading, (spec) => destinations.add(spec, resource));
  }
  const { traffic, findings: unheard } = trafficOf(
    { fleet, routes, names, ambient },
    ({ name, external }) =>
      external && !names.isEnteredOverHttp(name)
        ? null
        : defaultRoute(mesh, placeOf(['services', name])),
  );
  findings.push(...unheard);
  findings.push(...traffic.flatMap((one) => implicitRetries(one, fleet)));
  findings.push(...traffic.flatMap((one) => unboundedRetries(one, destinations)));
  const namespaceOf = (from: string): string | null =>
    fleet.services.has(from) ? names.namespaceOf(from) : null;
  const layers = traffic.flatMap((one) => sidecarLayers(one, destinations, namespaceOf));
  const hasInbound = (name: string): boolean => {
    const namespace = names.namespaceOf(name);
    return !ambient.isIn(namespace) || ambient.hasWaypoint(name, namespace);
  };
  const inbound = mesh.inboundRetries ? inboundLayers(fleet, hasInbound, placeOf) : [];
  return { layers: [...layers, ...inbound], findings };
}

/** Perhaps it is the wrong file: a mesh that states nothing has defaults, and the audit much to say of them. */
function nothingOfIstio(path: string): Finding {
  return meshFinding('mesh-name-unmatched', {
    message: `${path} has no Istio resources, so the audit assumes Istio's defaults for each sidecar`,
    fix: 'If the mesh is configured in other files, give the audit those. If it is not configured at all, there is nothing to do.',
    at: 'the mesh',
    place: startOf(path),
  });
}

/** Reads a resource; what is wrong in it becomes findings. */
function readSpec<T>(
  resource: Resource,
  { names, findings }: Reading,
  read: (spec: Field) => T,
): T {
  const { kind, name, namespace, document } = resource;
  const notes: Note[] = [];
  const spec = Field.of(document, notes).at('spec');
  if (!spec.given) spec.wrong('an object');
  const made = read(spec);
  // At a service, so that the spec can accept it.
  const said = [...hostsSaid(resource), ...destinationsSaid(resource)];
  const service = said.map((host) => names.serviceOf(host, namespace)).find((one) => one !== null);
  const itself = name === '' ? some(kind) : `${kind} ${name}`;
  findings.push(...notes.map((note) => fromNote('invalid-mesh-config', service ?? itself, note)));
  return made;
}

/**
 * One layer for each caller, however many edges it has to the callee.
 *
 * @param namespaceOf where a caller is; null for users, who come through a gateway.
 */
function sidecarLayers(
  { to, edges, route, routes, targets, leads, callers: namespaces, isWaypoint }: Traffic,
  destinations: Destinations,
  namespaceOf: (from: string) => string | null,
): readonly Layer[] {
  const { maxAttempts, base, retryOn, implicit } = route.retries;
  const destination = maxAttempts === 1 ? null : destinations.of(targets, namespaces);
  const callers = new Set(edges.map(({ from }) => from));
  const ways = routes.filter(({ isForReads }) => !isForReads);
  return Array.from(callers, (from) => ({
    kind: 'sidecar',
    from,
    to,
    edge: null,
    isLimited: routes.every((one) => perTryOf(one) < Infinity),
    ways: ways.map(({ retries }) => ({ ...retries, hedges: false })),
    maxAttempts,
    perTry: route.retries.perTry ?? route.timeout,
    timeout: route.timeout,
    hedges: false,
    backoff: envoyBackoff(base),
    extraShare: maxAttempts === 1 ? 0 : (destination?.extraShare ?? Infinity),
    earnedBySuccess: false,
    // Of a waypoint there is not one for each caller, and how many there are, no file says.
    concurrentFloor: isWaypoint ? 0 : (destination?.minRetries ?? 0),
    pools: isWaypoint ? [] : destinations.poolsOf(leads, namespaceOf(from)),
    retryOn,
    implicit,
    place: route.place,
  }));
}

function inboundLayers(
  fleet: Fleet,
  hasInbound: (service: string) => boolean,
  placeOf: (path: SpecPath) => Place,
): readonly Layer[] {
  const called = new Set(edgesOf(fleet).map(({ to }) => to));
  const services = [...fleet.services.values()];
  return services.flatMap(({ name, external }) =>
    external || !called.has(name) || !hasInbound(name)
      ? []
      : {
          kind: 'inbound',
          from: null,
          to: name,
          edge: null,
          ways: [],
          isLimited: false,
          maxAttempts: 1,
          perTry: Infinity,
          timeout: Infinity,
          hedges: false,
          backoff: envoyBackoff(ENVOY_BASE),
          extraShare: 0,
          earnedBySuccess: false,
          concurrentFloor: 0,
          pools: [],
          retryOn: ['reset-before-request'],
          implicit: true,
          place: placeOf(['services', name]),
        },
  );
}

/** A warning where the library retries as well, for then the two multiply. */
function implicitRetries(
  { to, edges, route, isWaypoint }: Traffic,
  fleet: Fleet,
): readonly Finding[] {
  const { implicit, maxAttempts } = route.retries;
  if (!implicit || maxAttempts === 1) return [];
  const library = Math.max(...edges.map(({ policy }) => policy.retry?.maxAttempts ?? 1));
  const callers = [...new Set(edges.map(({ from }) => from))].join(', ');
  const proxies = fleet.services.has(edges[0]!.from) ? 'the sidecars' : 'the gateways';
  const retrying = isWaypoint ? `the waypoint of ${to} retries` : `${proxies} of ${callers} retry`;
  const times =
    library > 1 ? `; with ${library} attempts of the library it is ${library * maxAttempts}` : '';
  return [
    meshFinding('istio-default-retries', {
      severity: library > 1 ? 'warning' : 'info',
      message: `No file states retries for ${to}, so ${retrying} ${maxAttempts - 1} times, which makes ${maxAttempts} requests${times}`,
      fix: `Set ${offIn(route, to)}, and retry in one layer only.`,
      at: to,
      place: route.place,
      value: library * maxAttempts,
    }),
  ];
}

/** How to say that there shall be no retries. */
function offIn({ kind }: Route, to: string): string {
  const forAll = "MeshConfig's defaultHttpRetryPolicy";
  switch (kind) {
    case 'VirtualService':
      return `\`retries: { attempts: 0 }\` in the VirtualService of ${to}, or for all in ${forAll}`;
    case 'HTTPRoute':
      return `\`retry: { attempts: 0 }\` in the HTTPRoute of ${to}, or for all in ${forAll}`;
    case 'GRPCRoute':
      return `\`attempts: 0\` in ${forAll}, since a GRPCRoute has no field for retries`;
  }
}

/** Whether retries at once have a bound. Envoy looks at maxRetries only where there is no budget. */
function isBounded({ extraShare, minRetries, maxRetries }: Destination): boolean {
  return (minRetries > 0 ? Math.max(extraShare, minRetries) : maxRetries) < Infinity;
}

function unboundedRetries(
  { to, route, targets, callers }: Traffic,
  destinations: Destinations,
): readonly Finding[] {
  const { implicit, maxAttempts } = route.retries;
  if (maxAttempts === 1) return [];
  const destination = destinations.of(targets, callers);
  if (destination !== null && isBounded(destination)) return [];
  return [
    meshFinding('unbounded-retry-concurrency', {
      // Another rule says that nobody has asked for them.
      severity: implicit ? 'info' : 'warning',
      message: `Nothing bounds how many retries to ${to} run at once: there is no retryBudget, and maxRetries is 4294967295`,
      fix: `Give the DestinationRule of ${to} \`trafficPolicy: { retryBudget: { percent: 20, minRetryConcurrency: 3 } }\`, or \`connectionPool: { http: { maxRetries: 3 } }\`.`,
      at: to,
      place: destination?.place ?? route.place,
      value: 2 ** 32 - 1,
    }),
  ];
}
