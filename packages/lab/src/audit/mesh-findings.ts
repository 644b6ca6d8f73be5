import type { Finding, Place } from './finding.ts';
import { type Host, IN_CLUSTER } from './host-forms.ts';
import type { ServiceNames } from './istio-hosts.ts';
import { isGatewayKind, type Kind, type Resource, some } from './istio-resources.ts';
import type { Note } from './k8s-documents.ts';

/** Why each of the rules on meshes and gRPC matters. */
const WHY = {
  'istio-default-retries':
    'A sidecar that is told nothing still sends a failed request twice more. Nobody has decided on it, and it multiplies with every other layer that retries.',
  'istio-retries-off-by-block':
    'A retries block without a positive `attempts` does not take the default of 2: it switches retries off, and what else is in the block has no effect.',
  'unbounded-retry-concurrency':
    "Istio raises Envoy's limit of 3 concurrent retries to 4294967295. When everything fails, everything is retried at once, just when the callee can bear it least.",
  'invalid-mesh-config':
    'A proxy may refuse what is not valid, ignore it, or take it for something else: then what runs is not what the file says.',
  'mesh-name-unmatched':
    'What this part says goes into no number of the audit. If the name is mistyped, the service that is meant runs on the defaults.',
  'mesh-kind-not-read':
    'What such a resource does to requests goes into no number of the audit: there may be more attempts than it counts, and less time.',
  'outlier-ejection-too-small':
    'Since 1.31 Envoy ejects a host only if the share of ejected hosts stays within maxEjectionPercent (before, one host always): outlier detection that can eject nobody leaves a broken replica in rotation.',
  'retry-on-4xx':
    'A 4xx says that the request itself is at fault or too much: sent again unchanged it fails again, and each try costs what the first one did.',
  'grpc-clamped':
    'gRPC counts at most 5 attempts unless a channel argument raises the limit: the file promises what does not happen.',
  'grpc-invalid':
    'gRPC refuses a service config as a whole when one part of it is invalid: the channel goes on without any of it, its retries and timeouts included. Fields that it does not know it ignores, and what they say does not happen.',
  'grpc-hedging-not-repeatable':
    'Hedging sends the same request again while the first may still be at work: both may have their effect.',
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
      message: `${these} ({{ }}), and what comes of ${size === 1 ? 'it' : 'them'} is not in the audit`,
      fix: 'Render them first, as `helm template` does, and give the audit what comes out.',
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
