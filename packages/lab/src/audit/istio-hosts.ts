import type { Fleet, Service } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import { type Host, IN_CLUSTER, inCluster, isWildcard, namespaceIn } from './host-forms.ts';
import { homeOf } from './istio-home.ts';
import type { MeshSettings } from './istio-mesh.ts';
import { type Resource, textsOf } from './istio-resources.ts';
import type { Field } from './k8s-fields.ts';

/**
 * Which service of the fleet a host of a mesh's files names. A spec has no namespaces, so its services
 * are taken to be in that of the resources that are read, unless a service's own name says another:
 * `payments.shop`.
 */
export class ServiceNames {
  /** The namespace of services whose names do not say one. */
  readonly home: string;
  /** By whole name. */
  readonly #services = new Map<string, string>();
  readonly #enteredOverHttp = new Set<string>();
  /** The hosts of each ServiceEntry, by namespace and name. */
  readonly #entries = new Map<string, readonly string[]>();
  /** The namespaces of the fleet's own services that call others. */
  readonly callers: readonly string[];
  /** The namespaces of all of the fleet's own services. */
  readonly #namespaces: ReadonlySet<string>;
  readonly #mesh: Pick<MeshSettings, 'rootNamespace' | 'exportTo'>;
  readonly #external: ReadonlySet<string>;
  readonly #own: ReadonlySet<string>;

  /** @param otherwise where services are if no resource says it. */
  constructor(
    fleet: Fleet,
    resources: readonly Resource[],
    mesh: Pick<MeshSettings, 'rootNamespace' | 'exportTo'>,
    otherwise?: string,
  ) {
    this.#mesh = mesh;
    this.home = homeOf(resources, fleet, mesh.rootNamespace, otherwise);
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

  /** These services in two lists: those of the world outside, and one's own. */
  apart(services: readonly string[]): readonly [readonly string[], readonly string[]] {
    const isOutside = (name: string): boolean => this.#external.has(name);
    return [services.filter(isOutside), services.filter((name) => !isOutside(name))];
  }

  /** Whether callers of the fleet are in a namespace; null stands for `home`. */
  hasCallers(namespace: string | null): boolean {
    return this.callers.includes(namespace ?? this.home);
  }

  /** The namespace of one of the fleet's own services. */
  namespaceOf(service: string): string {
    return namespaceIn(service) ?? this.home;
  }

  /** Whether sidecars in a namespace see a resource: who says nothing of `exportTo` shows it to whom the mesh says, or to all. */
  isExportedTo(resource: Resource, caller: string): boolean {
    const own = resource.namespace ?? this.home;
    return this.#exportOf(resource).some(
      (one) => one === '*' || (one === '.' ? own : one) === caller,
    );
  }

  /** Whether all of a mesh's sidecars do. */
  isPublic(resource: Resource): boolean {
    return this.#exportOf(resource).includes('*');
  }

  #exportOf({ kind, spec }: Resource): readonly string[] {
    const stated = textsOf(spec.at('exportTo').value);
    return stated.length > 0 ? stated : (this.#mesh.exportTo[kind] ?? ['*']);
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
    if (namespace === this.#mesh.rootNamespace) return 2;
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

  /** What Istio makes of a name, as `inCluster` has it. */
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
