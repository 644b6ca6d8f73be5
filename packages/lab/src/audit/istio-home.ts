import type { Fleet } from '../spec/model.ts';
import { IN_CLUSTER, isWildcard } from './host-forms.ts';
import { destinationsSaid, hostsSaid, isForGateways, type Resource } from './istio-resources.ts';

/** What kubectl takes when nobody says one. */
const DEFAULT_NAMESPACE = 'default';

/**
 * Where the services of the fleet are taken to be: in the namespace of most of the resources that name
 * one of them. A resource for gateways alone, or for the whole mesh, may be in a namespace of its own, so
 * its hosts are asked instead. If no resource names a service, it is the namespace of most resources, or
 * else of most hosts. Resources for wildcards alone count only if there are no others.
 *
 * @param otherwise where they are if no resource says anything.
 */
export function homeOf(
  resources: readonly Resource[],
  fleet: Fleet,
  root: string,
  otherwise = DEFAULT_NAMESPACE,
): string {
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
  return mostFrequent(naming) ?? mostFrequent(stated) ?? mostFrequent(named) ?? otherwise;
}

/** The namespaces of the services of these names, as a resource's hosts say them, each host once. */
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
