/* VirtualServices that delegate routes to others, and those others. */
import type { Finding } from './finding.ts';
import { bindingOf, hostsOf, matched, type Way } from './istio-bindings.ts';
import { isReached, type Reached, reachedInOrder } from './istio-matches.ts';
import { meshFinding } from './mesh-findings.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { Identity, Resource } from './istio-resources.ts';
import type { Field } from './k8s-fields.ts';

/** A route that leaves its requests to another VirtualService. */
export interface Delegation extends Way {
  readonly to: Identity;
  /** What it says of retries and of time holds for those of the other's routes that do not. */
  readonly reached: Reached;
}

/** All delegations, by the VirtualService that they lead to (`keyOf`). */
export function delegations(
  resources: readonly Resource[],
  names: ServiceNames,
): ReadonlyMap<string, readonly Delegation[]> {
  const roots = resources.filter(({ kind }) => kind === 'VirtualService');
  const leading = roots.flatMap((root) => delegationsOf(root, names));
  return Map.groupBy(leading, ({ to }) => keyOf(to, names.home));
}

/** Delegations that lead to no delegate. */
export function notFollowed(
  delegated: ReadonlyMap<string, readonly Delegation[]>,
  resources: readonly Resource[],
  names: ServiceNames,
): readonly Finding[] {
  const services = resources.filter(({ kind }) => kind === 'VirtualService');
  const specs = new Map(services.map((one) => [keyOf(one, names.home), one.spec]));
  return [...delegated].flatMap(([key, leading]) => {
    const spec = specs.get(key);
    if (spec !== undefined && isDelegate(spec)) return [];
    return leading.map((one) => undelegated(one, { names, exists: spec !== undefined }));
  });
}

export function keyOf({ name, namespace }: Identity, home: string): string {
  return `${namespace ?? home}/${name}`;
}

/** Whether others may delegate to it: it has no hosts of its own. */
export function isDelegate(spec: Field): boolean {
  const { given, value } = spec.at('hosts');
  return !given || (Array.isArray(value) && value.length === 0);
}

/** The delegations of a VirtualService; one without hosts has none. */
function delegationsOf(resource: Resource, names: ServiceNames): readonly Delegation[] {
  const { spec, namespace } = resource;
  if (isDelegate(spec)) return [];
  const way = { ...bindingOf(resource, names), hosts: hostsOf(spec.at('hosts'), namespace) };
  return reachedInOrder(spec)
    .filter(isReached)
    .flatMap((reached) => {
      const delegate = reached.http.at('delegate');
      const name = delegate.at('name').text();
      const stated = delegate.at('namespace').text();
      return name === null
        ? []
        : [{ ...way, to: { name, namespace: stated ?? namespace }, reached }];
    });
}

/** A delegation that Istio does not follow: to nobody, or to a VirtualService with hosts of its own. */
function undelegated(
  { to, hosts, reached }: Delegation,
  { names, exists }: { readonly names: ServiceNames; readonly exists: boolean },
): Finding {
  const [host] = hosts;
  const itself = `VirtualService ${to.name} in ${to.namespace ?? names.home}`;
  const [service = host?.text ?? itself] = matched(hosts, names);
  return meshFinding('mesh-name-unmatched', {
    message: `A route of ${service} is delegated to ${itself}, which ${exists ? 'has hosts of its own' : 'is not in the files'}: Istio drops such a route`,
    fix: exists
      ? 'Remove `hosts` from the delegate: those of the VirtualService that delegates to it count.'
      : 'Correct the name or the namespace, or give the audit the file that it is in as well.',
    at: service,
    place: reached.http.at('delegate').at('name').place,
  });
}
