import type { Finding, Place } from './finding.ts';
import { type Host, IN_CLUSTER } from './host-forms.ts';
import type { ServiceNames } from './istio-hosts.ts';
import { isGatewayKind, type Kind, type Resource, some } from './istio-resources.ts';
import type { Note } from './k8s-documents.ts';

/** Why each of the rules on meshes and gRPC matters. */
const WHY = {
  'istio-default-retries':
    'A sidecar without a retry policy still sends a failed request up to twice more. Nobody has decided on these retries, and they multiply with those of every other layer.',
  'istio-retries-off-by-block':
    'A retries block without a positive `attempts` does not take the default of 2. It switches retries off, and the rest of the block has no effect.',
  'unbounded-retry-concurrency':
    "Istio raises Envoy's limit of 3 concurrent retries to 4294967295, so there is no limit. When everything fails, everything is retried at once, just when the callee can bear it least.",
  'invalid-mesh-config':
    'A proxy may reject a value that is not valid, ignore it, or read it as another one. What runs is then not what the file says.',
  'mesh-name-unmatched':
    "The audit's numbers leave out what is configured under this name. If the name is misspelt, the service that was meant runs on the defaults.",
  'mesh-kind-not-read':
    "The audit's numbers leave out what such a resource does to requests. There may be more attempts than the audit counts, and less time.",
  'outlier-ejection-too-small':
    'Since 1.31 Envoy ejects a host only if the share of ejected hosts stays within maxEjectionPercent (before, it could always eject one). If that allows less than one host, a broken replica stays in rotation.',
  'retry-on-4xx':
    'A 4xx says that the request itself is wrong, or that there are too many of them. Sent again unchanged, it fails again, and each attempt costs as much as the first.',
  'grpc-clamped':
    'gRPC makes at most 5 attempts unless a channel argument raises the limit, so the file promises attempts that never happen.',
  'grpc-invalid':
    'gRPC rejects a whole service config if one part of it is invalid: the channel then runs without any of its retries and timeouts. Fields that gRPC does not know are ignored.',
  'grpc-hedging-not-repeatable':
    'Hedging sends the same request again while the first may still be running, so both may have their effect.',
} as const;

export type MeshRule = keyof typeof WHY;

/** Their ids. */
export const MESH_RULES = Object.keys(WHY) as readonly MeshRule[];

/** What differs from finding to finding. */
export type Found = Pick<Finding, 'severity' | 'message' | 'fix' | 'at' | 'place'> & {
  readonly value?: number;
};

export function meshFinding(rule: MeshRule, found: Found): Finding {
  return { rule, why: WHY[rule], accepted: null, value: null, ...found };
}

/** What is wrong with a file as a finding of the rule on such files. */
export function fromNote(
  rule: 'invalid-mesh-config' | 'grpc-invalid',
  at: string,
  { place, message, unknown }: Note,
): Finding {
  // Istio's resources have a schema, and a cluster refuses what is not in it; gRPC knows no such thing.
  const severity = rule === 'grpc-invalid' && unknown === true ? 'warning' : 'error';
  const fix = 'Correct it, and let CI check the files before they are applied.';
  return meshFinding(rule, { severity, message, fix, at, place });
}

/** Templates of the mesh's resources, as one finding at the first of them: a chart has many, and one cure. */
export function notRendered(templates: readonly Place[]): readonly Finding[] {
  const [place] = templates;
  if (place === undefined) return [];
  const { size } = new Set(templates.map(({ file }) => file));
  const these = size === 1 ? `${place.file} is a template` : `${size} files are templates`;
  return [
    meshFinding('invalid-mesh-config', {
      severity: 'error',
      message: `${these} ({{ }}), so the resources in ${size === 1 ? 'it' : 'them'} are not in the audit`,
      fix: 'Render the templates first, for example with `helm template`, and give the audit the result.',
      at: 'the templates',
      place,
      value: size,
    }),
  ];
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
      fix = `The audit takes the services of the spec to be in the namespace ${home}. If this one is in ${where}, name it ${name ?? text}.${where} in the spec.`;
    }
  } else if (names.serviceOf(label, null) !== null) {
    fix = `Istio completes only names without a dot: if you mean the service ${label}, write ${label}.${home}.svc.cluster.local. If it is a public name, give the service the same name in the spec, or list the host in a ServiceEntry that is named as the service.`;
  }
  return meshFinding('mesh-name-unmatched', {
    severity: 'info',
    message: `The host ${JSON.stringify(text)} of ${some(kind)} matches no service of the spec`,
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
    message: `${kind} ${name} in ${namespace ?? names.home} applies only to callers in other namespaces: the audit takes the callers of the spec to be in ${callers}, so it counts for none of them`,
    fix: `If it should apply to them, ${toBeSeen(kind, callers)}.`,
    ...found,
  });
}

function toBeSeen(kind: Kind, callers: string): string {
  if (kind === 'DestinationRule') {
    return `put it into ${callers}: Istio looks for a DestinationRule in the caller's namespace, the callee's and the mesh's root namespace, if it is exported to the caller`;
  }
  return isGatewayKind(kind)
    ? `put it into ${callers}, or into the namespace of the service`
    : `add ${callers} to its exportTo`;
}
