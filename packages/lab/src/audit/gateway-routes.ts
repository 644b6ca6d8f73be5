/*
 * Routes of the Kubernetes Gateway API, as Istio takes them: it makes VirtualServices of them. A route
 * that is bound to a service is for the sidecars that call it, one that is bound to a gateway for what
 * comes in from outside.
 */
import type { Finding } from './finding.ts';
import type { Host } from './host-forms.ts';
import { matched } from './istio-bindings.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { MeshSettings } from './istio-mesh.ts';
import {
  type GatewayKind,
  isOfItsGroup,
  isServiceParent,
  type Resource,
} from './istio-resources.ts';
import { DEFAULT_RETRY_ON, ENVOY_BASE, type Retries, warnOf4xx } from './istio-retries.ts';
import { isForReads } from './istio-matches.ts';
import type { Reading, Route } from './istio-routes.ts';
import { type Field, goDuration } from './k8s-fields.ts';
import { elsewhere, unmatched } from './mesh-findings.ts';

const SPEC = ['parentRefs', 'hostnames', 'rules', 'useDefaultGateways'];
const PARENT = ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'];
const RULE = ['name', 'matches', 'filters', 'backendRefs', 'sessionPersistence'];
const KNOWN: Readonly<Record<GatewayKind, readonly string[]>> = {
  HTTPRoute: [...RULE, 'timeouts', 'retry'],
  // To say how often, and for how long, there is nothing for gRPC yet.
  GRPCRoute: RULE,
};
const BACKEND = ['group', 'kind', 'name', 'namespace', 'port', 'weight', 'filters'];

/** The rules of a route, for each that it is bound to. */
export function readGatewayRoutes(
  spec: Field,
  resource: Resource,
  kind: GatewayKind,
  reading: Reading,
): readonly Route[] {
  if (!spec.isObject(SPEC)) return [];
  const { names, findings } = reading;
  const { own, others, isForGateway } = boundTo(spec, resource, reading);
  const home = resource.namespace ?? names.home;
  const rank: Route['rank'] = (caller) => (caller === home ? 1 : 2);
  const routes: Route[] = [];
  const leads: Host[] = [];
  for (const rule of spec.at('rules').items()) {
    if (!rule.isObject(KNOWN[kind])) continue;
    const to = backends(rule, resource);
    leads.push(...to);
    const behind = matched(to, names);
    const stated = readRule(rule, own[0] ?? others[0] ?? behind[0] ?? resource.name, reading);
    // What leads nowhere is answered on the spot.
    if (to.length === 0) continue;
    const { place } = rule.at('retry').given ? rule.at('retry') : rule;
    const isRead = kind === 'HTTPRoute' && isForReads(rule.at('matches'));
    const common = { ...stated, kind, place, rank, isForReads: isRead };
    const targets = backends(rule, resource, true).map((host) => names.targetOf(host));
    const forMesh = { ...common, mesh: true, gateway: false, targets };
    routes.push({ ...forMesh, exportedTo: () => true, services: own });
    routes.push({ ...forMesh, exportedTo: (caller) => caller === home, services: others });
    const forGateway = { ...common, mesh: false, gateway: true, targets: null };
    if (isForGateway) routes.push({ ...forGateway, exportedTo: () => true, services: behind });
  }
  // A gateway leads to many services that this fleet does not call.
  if (isForGateway && matched(leads, names).length === 0) {
    const unknown = new Map(leads.map((lead) => [lead.text, lead]));
    findings.push(...[...unknown.values()].map((host) => unmatched(kind, host, names)));
  }
  return routes;
}

interface Bound {
  /** Services in the namespace of the route, which is for everybody there. */
  readonly own: readonly string[];
  /** Somebody else's, for which it is for callers in its own namespace. */
  readonly others: readonly string[];
  readonly isForGateway: boolean;
}

function boundTo(spec: Field, resource: Resource, { names, findings }: Reading): Bound {
  const { kind, namespace } = resource;
  const own: string[] = [];
  const others: string[] = [];
  let isForGateway = false;
  for (const parent of spec.at('parentRefs').items()) {
    if (!parent.isObject(PARENT)) continue;
    if (!isServiceParent(parent)) {
      isForGateway = true;
      continue;
    }
    if (!isOfItsGroup(parent)) continue;
    for (const host of hostsOf(parent, resource, names)) {
      const service = names.serviceOf(host.text, host.namespace);
      if (service === null) findings.push(unmatched(kind, host, names));
      else if (host.namespace === namespace) own.push(service);
      else if (names.hasCallers(namespace)) others.push(service);
      else findings.push(elsewhere(resource, { at: service, place: host.place }, names));
    }
  }
  return { own, others, isForGateway };
}

/** A ServiceEntry is bound by its own name, for the hosts that are in it. */
function hostsOf(parent: Field, resource: Resource, names: ServiceNames): readonly Host[] {
  const hosts = named(parent, resource);
  if (parent.at('kind').value !== 'ServiceEntry') return hosts;
  return hosts.flatMap((host) => names.hostsOfEntry(host).map((text) => ({ ...host, text })));
}

/** Those that requests are really sent to, or with `all` those as well that have no weight yet. */
function backends(rule: Field, resource: Resource, all = false): readonly Host[] {
  return rule
    .at('backendRefs')
    .items()
    .flatMap((backend) => {
      if (!backend.isObject(BACKEND)) return [];
      const weight = backend.at('weight').integer(0, 1_000_000);
      return all || weight !== 0 ? named(backend, resource) : [];
    });
}

function named(reference: Field, { namespace }: Resource): readonly Host[] {
  const name = reference.at('name');
  const text = name.text();
  if (text === null && !name.given) name.wrong('a string');
  const stated = reference.at('namespace').text();
  return text === null ? [] : [{ text, namespace: stated ?? namespace, place: name.place }];
}

const TIME = 'a duration of the Gateway API, like 250ms, 2s or 1h30m, or 0s for none';

/**
 * Without a `retry`, `backendRequest` is the limit of the whole: there is only one try that it could be for. With one
 * that switches retries off it has no effect.
 */
function readRule(
  rule: Field,
  at: string,
  { mesh, findings }: Reading,
): Pick<Route, 'retries' | 'timeout'> {
  const timeouts = rule.at('timeouts');
  timeouts.isObject(['request', 'backendRequest']);
  const request = limitOf(timeouts.at('request'));
  const perTry = limitOf(timeouts.at('backendRequest'));
  if (perTry !== null && request !== null && perTry > request) {
    timeouts.at('backendRequest').wrong('at most the time of `request`');
  }
  const retries = readRetry(rule.at('retry'), at, mesh, findings);
  return retries === null
    ? { retries: mesh.defaults, timeout: perTry ?? request ?? Infinity }
    : {
        retries: retries.maxAttempts === 1 ? retries : { ...retries, perTry },
        timeout: request ?? Infinity,
      };
}

/** Null for none. */
function limitOf(field: Field): number | null {
  return field.duration(TIME, gatewayDuration) || null;
}

/** Null where it is not stated. Without `attempts` Istio makes the same two as without the block. */
function readRetry(
  field: Field,
  at: string,
  mesh: MeshSettings,
  findings: Finding[],
): Retries | null {
  if (!field.isObject(['codes', 'attempts', 'backoff'])) return null;
  const attempts = field.at('attempts').integer(0, 2 ** 31 - 1) ?? mesh.builtIn.maxAttempts - 1;
  const codes = field
    .at('codes')
    .items()
    .flatMap((code) => code.integer(400, 599) ?? []);
  const base = field.at('backoff').duration(TIME, gatewayDuration) || ENVOY_BASE;
  const on = codes.length === 0 ? [] : ['retriable-status-codes', ...codes.map(String)];
  const retries: Retries = {
    maxAttempts: 1 + attempts,
    perTry: null,
    base,
    retryOn: attempts === 0 ? [] : [...DEFAULT_RETRY_ON, ...on],
    implicit: false,
    place: field.place,
  };
  warnOf4xx(retries, field.at('codes'), at, findings);
  return retries;
}

/** Whole numbers with units, at most four; NaN for anything else. */
function gatewayDuration(text: string): number {
  return /^(?:\d{1,5}(?:h|m|s|ms)){1,4}$/.test(text) ? goDuration(text, 0) : NaN;
}
