/* Who takes the routes of a VirtualService, and the hosts that it names. */
import type { Host } from './host-forms.ts';
import type { ServiceNames } from './istio-hosts.ts';
import type { Resource } from './istio-resources.ts';
import type { Field } from './k8s-fields.ts';

/** Whose requests take the routes of a VirtualService. */
export interface Binding {
  /** Sidecars have it: it is bound to `mesh`, or to nothing. */
  readonly mesh: boolean;
  /** A gateway has it, and with it the users' requests. */
  readonly gateway: boolean;
  /** Whether sidecars in a namespace see it. */
  readonly exportedTo: (namespace: string) => boolean;
  /**
   * Its place among all that are for the same host, for sidecars in a namespace, see `takenFirst`; null for what
   * is not for a service's own host.
   */
  readonly rank: (namespace: string) => 0 | 1 | 2 | null;
}

/** Whose requests, to which hosts. */
export interface Way extends Binding {
  readonly hosts: readonly Host[];
}

/**
 * Who takes the routes of a VirtualService, by its own words. No file says which namespace a gateway is in, so it
 * sees all.
 */
export function bindingOf(resource: Resource, names: ServiceNames): Binding {
  const bound = hostsOf(resource.spec.at('gateways'), null);
  const toMesh = bound.length === 0 || bound.some(({ text }) => text === 'mesh');
  return {
    mesh: toMesh && names.isExported(resource),
    gateway: bound.some(({ text }) => text !== 'mesh'),
    rank: () => (names.isPublic(resource) ? 2 : 0),
    exportedTo: (namespace) => names.isExportedTo(resource, namespace),
  };
}

export function hostsOf(list: Field, namespace: string | null): readonly Host[] {
  return list.items().flatMap((item) => hostAt(item, namespace));
}

export function hostAt(field: Field, namespace: string | null): readonly Host[] {
  const text = field.text();
  return text === null ? [] : [{ text, namespace, place: field.place }];
}

/** The services of the fleet that these hosts name, each once. */
export function matched(hosts: readonly Host[], names: ServiceNames): readonly string[] {
  const found = hosts.map(({ text, namespace }) => names.serviceOf(text, namespace));
  return [...new Set(found)].filter((name) => name !== null);
}
