/*
 * Which service of the fleet a host of a mesh's files names.
 *
 * Istio completes a name without a dot by the namespace of the resource that says it;
 * `payments.shop.svc.cluster.local` is of that namespace, whoever says it; all others are names of
 * the world outside. A spec has no namespaces, so its services are taken to be in that of the
 * resources that are read, unless a service's own name says another: `payments.shop`.
 */
import type { Fleet, Service } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import type { Finding, Place } from './finding.ts';
import { meshFinding } from './istio-findings.ts';
import {
  destinationsSaid,
  hostsSaid,
  isForGateways,
  isGatewayKind,
  type Kind,
  type Resource,
  some,
  textsOf,
} from './istio-resources.ts';
import type { Field } from './k8s-fields.ts';

/** A host, who says it, and where. */
export interface Host {
  readonly text: string;
  /** Of the resource that says it; null if that does not say. */
  readonly namespace: string | null;
  readonly place: Place;
}

/** `payments.shop.svc.cluster.local`; a cluster may have another domain. */
const IN_CLUSTER = /^([^.]+)\.([^.]+)\.svc\../;
/** What kubectl takes when nobody says one. */
const DEFAULT_NAMESPACE = 'default';

/** The names of a fleet's services in a mesh. */
export class ServiceNames {
  /** Where services are whose names do not say it. */
  readonly home: string;
  /** By whole name. */
  readonly #services = new Map<string, string>();
  readonly #enteredOverHttp = new Set<string>();
  /** The hosts of each ServiceEntry, by namespace and name. */
  readonly #entries = new Map<string, readonly string[]>();
  /** Where those of the fleet's own services are that call others. */
  readonly callers: readonly string[];
  /** Where the fleet's own services are. */
  readonly #namespaces: ReadonlySet<string>;
  /** Where what is for the whole mesh is. */
  readonly #root: string;
  readonly #external: ReadonlySet<string>;
  readonly #own: ReadonlySet<string>;

  constructor(fleet: Fleet, resources: readonly Resource[], root: string) {
    this.home = homeOf(resources, fleet, root);
    this.#root = root;
    const services = [...fleet.services.values()];
    const own = services.filter(({ external }) => !external);
    this.#external = new Set(services.filter((one) => !own.includes(one)).map(({ name }) => name));
    this.#own = new Set(own.map(({ name }) => name));
    this.#namespaces = new Set([this.home, ...own.flatMap(({ name }) => namespaceIn(name) ?? [])]);
    const calling = own.filter(({ stages }) => stages.length > 0).map(({ name }) => name);
    const from = new Set(calling.map((name) => this.namespaceOf(name)));
    this.callers = from.size > 0 ? [...from] : [this.home];
    for (const name of fleet.services.keys()) {
      for (const whole of this.#wholeNames(name)) this.#add(whole, name);
    }
    for (const entry of resources.filter(({ kind }) => kind === 'ServiceEntry')) {
      this.#addEntry(entry, fleet.services);
    }
  }

  /** The service that a host names; null if there is none, and for wildcards. */
  serviceOf(text: string, namespace: string | null): string | null {
    return this.#services.get(this.#whole(text, namespace)) ?? null;
  }

  /** What requests are sent to: a service of the fleet, or a host by its whole name. */
  targetOf({ text, namespace }: Pick<Host, 'text' | 'namespace'>): string {
    const whole = this.#whole(text, namespace);
    return this.#services.get(whole) ?? whole;
  }

  /** The hosts of a ServiceEntry; its own name if it is not among the files. */
  hostsOfEntry({ text, namespace }: Pick<Host, 'text' | 'namespace'>): readonly string[] {
    return this.#entries.get(this.#entryKey(text, namespace)) ?? [text];
  }

  /** Services of the world outside, and those of one's own. */
  apart(services: readonly string[]): readonly [readonly string[], readonly string[]] {
    const isOutside = (name: string): boolean => this.#external.has(name);
    return [services.filter(isOutside), services.filter((name) => !isOutside(name))];
  }

  /** Whether callers of the fleet are in a namespace; null is that of most. */
  hasCallers(namespace: string | null): boolean {
    return this.callers.includes(namespace ?? this.home);
  }

  /** The namespace of one of the fleet's own services. */
  namespaceOf(service: string): string {
    return namespaceIn(service) ?? this.home;
  }

  /** Whether sidecars in a namespace see a resource: who says nothing of `exportTo` shows it to all. */
  isExportedTo({ namespace, spec }: Resource, caller: string): boolean {
    const to = textsOf(spec.at('exportTo').value);
    const own = namespace ?? this.home;
    return to.length === 0 || to.some((one) => one === '*' || (one === '.' ? own : one) === caller);
  }

  /** Whether some of the fleet's sidecars do. */
  isExported(resource: Resource): boolean {
    return this.callers.some((caller) => this.isExportedTo(resource, caller));
  }

  /**
   * Whether anybody takes a DestinationRule of this namespace for a service, see `lookUpOf`.
   *
   * @param target as `targetOf` has it, or a wildcard.
   */
  isLookedFor(namespace: string | null, target: string): boolean {
    const isOwn = this.#namespaces.has(namespace ?? this.home);
    return isOwn || this.lookUpOf(namespace, target, null) !== null;
  }

  /**
   * When a DestinationRule of a namespace is looked for, which ends where one is found: Istio looks in
   * the caller's namespace, then in the service's, then in that of the whole mesh, and nowhere else.
   *
   * @param target as `targetOf` has it.
   * @param caller a namespace; null for that of a gateway, which no file says.
   */
  lookUpOf(namespace: string | null, target: string, caller: string | null): 0 | 1 | 2 | null {
    if (namespace === null || namespace === caller) return 0;
    if (namespace === this.#root) return 2;
    // What is outside is where its ServiceEntry is, which need not be among the files.
    if (this.#external.has(target)) return 1;
    const isThere = this.#own.has(target)
      ? this.namespaceOf(target) === namespace
      : target.endsWith(`.${namespace.toLowerCase()}.svc`);
    return isThere ? 1 : null;
  }

  /** Whether a ServiceEntry makes a service one of the mesh, with a port that sidecars take for HTTP's. */
  isEnteredOverHttp(service: string): boolean {
    return this.#enteredOverHttp.has(service);
  }

  /** Whether a wildcard, `*` or `*.shop.svc.cluster.local`, stands for this service. */
  covers(wildcard: string, service: string): boolean {
    const end = wildcard.toLowerCase().slice(1);
    return this.#wholeNames(service).some((whole) =>
      [whole, `${whole}.cluster.local`].some((name) => name.endsWith(end)),
    );
  }

  /** Whether a wildcard stands for any service. */
  coversAny(wildcard: string): boolean {
    return [...this.#services.values()].some((service) => this.covers(wildcard, service));
  }

  /** What Istio makes of a name; without the cluster's domain, which no resource says. */
  #whole(text: string, namespace: string | null): string {
    const host = text.toLowerCase();
    if (!host.includes('.')) return inCluster(host, namespace ?? this.home);
    const [, name, stated] = IN_CLUSTER.exec(host) ?? [];
    return name === undefined ? host : inCluster(name, stated!);
  }

  /** A service may be named by its namespace as well, and two labels may be a public name. */
  #wholeNames(service: string): readonly string[] {
    const [label] = service.toLowerCase().split('.', 1);
    const whole = this.#whole(service, null);
    const namespace = namespaceIn(service);
    return namespace === null ? [whole] : [whole, inCluster(label!, namespace)];
  }

  /** Of two that differ by case alone, the one in small letters: the cluster knows no other. */
  #add(whole: string, service: string): void {
    if (!this.#services.has(whole) || service === service.toLowerCase()) {
      this.#services.set(whole, service);
    }
  }

  /** The hosts of a ServiceEntry are a service if it has that one's name, or if its endpoints are that one. */
  #addEntry(entry: Resource, services: ReadonlyMap<string, Service>): void {
    const { name, namespace, spec } = entry;
    const hosts = textsOf(spec.at('hosts').value);
    this.#entries.set(this.#entryKey(name, namespace), hosts);
    const endpoints = spec.at('endpoints').value;
    const addresses = (Array.isArray(endpoints) ? endpoints : []).map(
      (endpoint: { address?: unknown } | null) => endpoint?.address,
    );
    const outside = services.get(name)?.external === true ? name : null;
    const service = [name, ...addresses]
      .map((one) => (typeof one === 'string' ? this.serviceOf(one, namespace) : null))
      .concat(outside)
      .find((one) => one !== null);
    const overHttp = hasHttpPort(spec) && this.isExported(entry);
    for (const host of hosts) {
      const whole = this.#whole(host, namespace);
      if (typeof service === 'string' && !this.#services.has(whole)) {
        this.#services.set(whole, service);
      }
      const named = this.#services.get(whole);
      if (overHttp && named !== undefined) this.#enteredOverHttp.add(named);
      if (overHttp && isWildcard(host)) this.#enterCovered(host, services);
    }
  }

  #entryKey(name: string, namespace: string | null): string {
    return `${namespace ?? this.home}/${name}`;
  }

  #enterCovered(wildcard: string, services: ReadonlyMap<string, Service>): void {
    for (const { name, external } of services.values()) {
      if (external && this.covers(wildcard, name)) this.#enteredOverHttp.add(name);
    }
  }
}

/** The namespace that a service's own name says: `payments.shop` is in `shop`. */
function namespaceIn(service: string): string | null {
  const labels = service.toLowerCase().split('.');
  return labels.length === 2 ? labels[1]! : null;
}

/** Of these a sidecar sees connections alone. What is stated otherwise, or not at all, it looks into. */
const NOT_HTTP: ReadonlySet<string> = new Set([
  'tcp',
  'udp',
  'https',
  'tls',
  'mongo',
  'redis',
  'mysql',
]);

function hasHttpPort(entry: Field): boolean {
  const { value } = entry.at('ports');
  return (Array.isArray(value) ? value : []).some((port: unknown) => {
    const protocol = isRecord(port) ? (port['protocol'] ?? '') : null;
    return typeof protocol === 'string' && !NOT_HTTP.has(protocol.toLowerCase());
  });
}

/** Whether a host is of the world outside, where a service may be called by any name: it is where its routes lead. */
export function isPublic(host: string): boolean {
  return host === '*' || (host.includes('.') && !IN_CLUSTER.test(host));
}

/** `*`, `*.shop.svc.cluster.local`: every service that ends like that, as far as nothing says more of it. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** A host that names no service of the fleet. */
export function unmatched(kind: Kind, host: Host, names: ServiceNames): Finding {
  const { text, place } = host;
  const { home } = names;
  const [, name, namespace] = IN_CLUSTER.exec(text.toLowerCase()) ?? [];
  const [label] = text.split('.', 1) as [string];
  let fix = 'Correct the name, or add the service to the spec.';
  if (name !== undefined || !text.includes('.')) {
    const where = namespace ?? host.namespace ?? home;
    if (where !== home) {
      fix = `The services of the spec are taken to be in the namespace ${home}: one in ${where} is named ${name ?? text}.${where} there.`;
    }
  } else if (names.serviceOf(label, null) !== null) {
    fix = `Istio completes only names without a dot: write ${label}.${home}.svc.cluster.local if that is meant. A public name is a service's that has the same name in the spec, or that a ServiceEntry of the service's name gives it.`;
  }
  return meshFinding('mesh-name-unmatched', {
    severity: 'info',
    message: `The host ${JSON.stringify(text)} of ${some(kind)} is no service of the spec`,
    fix,
    at: text,
    place,
  });
}

/** What is there for callers in other namespaces. */
export function elsewhere(
  { kind, name, namespace }: Resource,
  found: Pick<Finding, 'at' | 'place'>,
  names: ServiceNames,
): Finding {
  const callers = names.callers.join(' and ');
  return meshFinding('mesh-name-unmatched', {
    severity: 'info',
    message: `${kind} ${name} in ${namespace ?? names.home} is for callers in other namespaces, and those of the spec are taken to be in ${callers}: it counts for none of them`,
    fix: `If they are meant, ${toBeSeen(kind, callers)}.`,
    ...found,
  });
}

function toBeSeen(kind: Kind, callers: string): string {
  if (kind === 'DestinationRule') {
    return `put it into ${callers}: Istio looks for a DestinationRule in the caller's namespace, the callee's and the mesh's root namespace, if it is exported to the caller`;
  }
  return isGatewayKind(kind)
    ? `put it into ${callers}, or into the namespace of the service`
    : `take ${callers} into its exportTo`;
}

function inCluster(name: string, namespace: string): string {
  return `${name}.${namespace}.svc`;
}

/**
 * The namespace of most of the resources that name a service of the fleet. What is for gateways alone,
 * or for the whole mesh, may be in a namespace of its own: there the hosts are asked where they are. If
 * no resource names a service, it is that of most of them, or else of most of their hosts. Those for
 * wildcards alone are asked only if there are no others.
 */
function homeOf(resources: readonly Resource[], fleet: Fleet, root: string): string {
  const routing = resources.filter(({ kind }) => kind !== 'ServiceEntry');
  const particular = routing.filter((one) => hostsSaid(one).some((host) => !isWildcard(host)));
  const asked = particular.length > 0 ? particular : routing;
  const names = new Set([...fleet.services.keys()].map((name) => name.toLowerCase()));
  const naming = asked.flatMap((one) => {
    const of = namespacesOf(names, one);
    const apart = one.namespace === null || one.namespace === root || isForGateways(one);
    return apart || of.length === 0 ? of : one.namespace;
  });
  const stated = asked.flatMap(({ namespace }) => namespace ?? []);
  const named = asked
    .flatMap(hostsSaid)
    .flatMap((host) => IN_CLUSTER.exec(host.toLowerCase())?.[2] ?? []);
  return mostFrequent(naming) ?? mostFrequent(stated) ?? mostFrequent(named) ?? DEFAULT_NAMESPACE;
}

/** Where the services of these names are as a resource calls them, each host once. */
function namespacesOf(names: ReadonlySet<string>, resource: Resource): readonly string[] {
  const hosts = new Set([...hostsSaid(resource), ...destinationsSaid(resource)]);
  return [...hosts].flatMap((text) => {
    const host = text.toLowerCase();
    const [, name = host, stated = resource.namespace] = IN_CLUSTER.exec(host) ?? [];
    return names.has(name) ? (stated ?? []) : [];
  });
}

/** Of equals the first; null of none. */
function mostFrequent(words: readonly string[]): string | null {
  const counted = [...Map.groupBy(words, (word) => word)];
  const [first] = counted.toSorted(([, a], [, b]) => b.length - a.length);
  return first?.[0] ?? null;
}
