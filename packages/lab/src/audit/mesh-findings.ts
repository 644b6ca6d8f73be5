import type { Finding, Place, Severity } from './finding.ts';
import { type Host, IN_CLUSTER } from './host-forms.ts';
import type { ServiceNames } from './istio-hosts.ts';
import { isGatewayKind, type Kind, type Resource, some } from './istio-resources.ts';
import type { Note } from './k8s-documents.ts';
import type { Rule } from './rules/rule.ts';
import { unboundedRetryConcurrency } from './rules/unbounded-retry-concurrency.ts';

/** What is found as the files of meshes and of gRPC are read. */
const OF_FILES = {
  'istio-default-retries': {
    severity: 'info',
    looksFor: 'A callee for which no retries are stated, so that Istio retries twice',
    why: 'A sidecar without a retry policy still sends a failed request up to twice more. Nobody has decided on these retries, and they multiply with those of every other layer.',
  },
  'istio-retries-off-by-block': {
    severity: 'warning',
    looksFor: 'A retries block without a positive `attempts`, which switches retries off',
    why: 'A retries block without a positive `attempts` does not take the default of 2. It switches retries off, and the rest of the block has no effect.',
  },
  'unbounded-retry-concurrency': {
    // Of a mesh it matters for a reason of its own.
    severity: unboundedRetryConcurrency.severity,
    looksFor: unboundedRetryConcurrency.looksFor,
    why: "Istio raises Envoy's limit of 3 concurrent retries to 4294967295, so there is no limit. When everything fails, everything is retried at once, just when the callee can bear it least.",
  },
  'invalid-mesh-config': {
    severity: 'error',
    looksFor: 'Istio files that cannot be read, or whose values a proxy does not take',
    why: 'A proxy may reject a value that is not valid, ignore it, or read it as another one. What runs is then not what the file says.',
  },
  'mesh-name-unmatched': {
    severity: 'info',
    looksFor: 'A host or a service name in the files that matches no service of the spec',
    why: "The audit's numbers leave out what is configured under this name. If the name is misspelt, the service that was meant runs on the defaults.",
  },
  'mesh-kind-not-read': {
    severity: 'info',
    looksFor:
      'A resource that may change timeouts, retries or limits, and that the audit does not read',
    why: "The audit's numbers leave out what such a resource does to requests. There may be more attempts than the audit counts, and less time.",
  },
  'outlier-ejection-too-small': {
    severity: 'warning',
    looksFor: 'Outlier detection that can eject nobody',
    why: 'Since 1.31 Envoy ejects a host only if the share of ejected hosts stays within maxEjectionPercent (before, it could always eject one). If that allows less than one host, a broken replica stays in rotation.',
  },
  'retry-on-4xx': {
    severity: 'warning',
    looksFor: 'A layer that retries answers which say that the request itself is wrong',
    why: 'A 4xx says that the request itself is wrong, or that there are too many of them. Sent again unchanged, it fails again, and each attempt costs as much as the first.',
  },
  'grpc-clamped': {
    severity: 'warning',
    looksFor: 'More attempts than gRPC makes',
    why: 'gRPC makes at most 5 attempts unless a channel argument raises the limit, so the file promises attempts that never happen.',
  },
  'grpc-invalid': {
    severity: 'error',
    looksFor: 'A service config that gRPC refuses, or does not read as it is meant',
    why: 'gRPC rejects a whole service config if one part of it is invalid: the channel then runs without any of its retries and timeouts. Fields that gRPC does not know are ignored.',
  },
  'grpc-hedging-not-repeatable': {
    severity: 'error',
    looksFor: 'Hedging of calls that are neither idempotent nor keyed',
    why: 'Hedging sends the same request again while the first may still be running, so both may have their effect.',
  },
} as const satisfies Readonly<Record<string, Pick<Rule, 'severity' | 'looksFor' | 'why'>>>;

export type MeshRule = keyof typeof OF_FILES;

/** The rules that find something as files are read, as the other rules are. */
export const MESH_RULES: readonly Omit<Rule, 'check'>[] = Object.entries(OF_FILES).map(
  ([id, rule]) => ({ id, ...rule }),
);

/** What differs from finding to finding. */
export type Found = Pick<Finding, 'message' | 'fix' | 'at' | 'place'> & {
  /** Given where a case is more or less serious than the rule as a whole. */
  readonly severity?: Severity;
  readonly value?: number;
};

export function meshFinding(rule: MeshRule, found: Found): Finding {
  const { severity, why } = OF_FILES[rule];
  return { rule, severity, why, accepted: null, value: null, ...found };
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
