/* The resources of a mesh among the documents of its files: Istio's own, and routes of the Gateway API. */
import type { SourceDocument } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';

/** A kind that the audit reads. */
export type Kind = 'VirtualService' | 'DestinationRule' | 'ServiceEntry' | GatewayKind;

/** Routes of the Gateway API: to Istio they are VirtualServices in other words. */
export type GatewayKind = 'HTTPRoute' | 'GRPCRoute';

/** Who a resource is. */
export interface Identity {
  /** Empty if it does not say. */
  readonly name: string;
  /** Null if it does not say: that is chosen when it is applied. */
  readonly namespace: string | null;
}

/** One resource, before it is read. */
export interface Resource extends Identity {
  readonly kind: Kind;
  readonly document: SourceDocument;
  /** To look at: what is wrong in it is noted when it is read. */
  readonly spec: Field;
}

/** The resources among these documents; other kinds are ignored. */
export function resourcesOf(documents: readonly SourceDocument[]): readonly Resource[] {
  return documents.flatMap((document) => {
    const root = Field.of(document, []);
    const kind = kindOf(root);
    if (kind === null) return [];
    const { value: name } = root.at('metadata').at('name');
    const { value: namespace } = root.at('metadata').at('namespace');
    return {
      kind,
      name: typeof name === 'string' ? name : '',
      namespace: typeof namespace === 'string' && namespace !== '' ? namespace : null,
      document,
      spec: root.at('spec'),
    };
  });
}

/** `a VirtualService`, `an HTTPRoute`. */
export function some(kind: Kind): string {
  return `${kind === 'HTTPRoute' ? 'an' : 'a'} ${kind}`;
}

export function isGatewayKind(kind: Kind): kind is GatewayKind {
  return kind === 'HTTPRoute' || kind === 'GRPCRoute';
}

/** What is no gateway and may have a route of the Gateway API, and its group. */
const SERVICE_PARENTS = new Map<unknown, string>([
  ['Service', ''],
  ['ServiceEntry', 'networking.istio.io'],
]);

/** Whether a route of the Gateway API is bound to a service; else it is bound to a gateway. */
export function isServiceParent(parent: Field): boolean {
  return SERVICE_PARENTS.has(parent.at('kind').value);
}

/** Whether a parent that is a service says its group: without it, it is in the gateways' group, where Istio knows none. */
export function isOfItsGroup(service: Field): boolean {
  const { value: kind } = service.at('kind');
  const group = SERVICE_PARENTS.get(kind)!;
  if (service.at('group').value === group) return true;
  service.at('group').wrong(`${group === '' ? '""' : group}, the group of ${String(kind)}`);
  return false;
}

/** Every host that a resource is for, as it is written. */
export function hostsSaid({ kind, spec }: Resource): readonly string[] {
  if (!isGatewayKind(kind)) {
    return [...textsOf(spec.at('hosts').value), ...textsOf([spec.at('host').value])];
  }
  const parents = spec.at('parentRefs').items().filter(isServiceParent);
  return [...parents.flatMap(hostOf), ...textsOf(spec.at('hostnames').value)];
}

/** Every host that a resource leads to, as it is written. */
export function destinationsSaid({ kind, spec }: Resource): readonly string[] {
  if (isGatewayKind(kind)) {
    const rules = spec.at('rules').items();
    return rules.flatMap((rule) => rule.at('backendRefs').items().flatMap(hostOf));
  }
  const routes = ['http', 'tls', 'tcp'].flatMap((key) => spec.at(key).items());
  const leads = routes.flatMap((route) => route.at('route').items());
  return textsOf(leads.map((route) => route.at('destination').at('host').value));
}

/** Whether a resource is for gateways alone. */
export function isForGateways({ kind, spec }: Resource): boolean {
  if (isGatewayKind(kind)) return !spec.at('parentRefs').items().some(isServiceParent);
  const gateways = textsOf(spec.at('gateways').value);
  return gateways.length > 0 && !gateways.includes('mesh');
}

/** What Istio makes of a reference: the name of a service, and of its namespace if that is said. */
function hostOf(reference: Field): readonly string[] {
  const { value: namespace } = reference.at('namespace');
  const end = typeof namespace === 'string' ? `.${namespace}.svc.cluster.local` : '';
  return textsOf([reference.at('name').value]).map((name) => name + end);
}

/** The texts of a list that may be anything. */
export function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

/** The groups of the kinds, up to the version: others have a VirtualService, too. */
const GROUPS: Readonly<Record<Kind, string>> = {
  VirtualService: 'networking.istio.io/',
  DestinationRule: 'networking.istio.io/',
  ServiceEntry: 'networking.istio.io/',
  HTTPRoute: 'gateway.networking.k8s.io/',
  GRPCRoute: 'gateway.networking.k8s.io/',
};

/** The kinds that the audit reads. */
export const KINDS = Object.keys(GROUPS) as readonly Kind[];

/** Null for what is not of the mesh. */
function kindOf(root: Field): Kind | null {
  const kind = root.at('kind').value;
  if (typeof kind !== 'string' || !Object.hasOwn(GROUPS, kind)) return null;
  const group = GROUPS[kind as Kind];
  const version = root.at('apiVersion').value ?? group;
  return typeof version === 'string' && version.startsWith(group) ? (kind as Kind) : null;
}
