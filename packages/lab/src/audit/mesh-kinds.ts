/* What of a folder's files is the mesh's, and what of that the audit does not read. */
import type { Finding } from './finding.ts';
import { meshFinding } from './mesh-findings.ts';
import type { SourceDocument } from './k8s-documents.ts';
import { AMBIENT_WORDS } from './istio-ambient.ts';
import { MESH_WORDS } from './istio-mesh.ts';
import { KINDS } from './istio-resources.ts';
import { Field } from './k8s-fields.ts';

/** Kinds by their group, up to the version. */
const NOT_READ: Readonly<Record<string, readonly string[]>> = {
  'networking.istio.io/': ['EnvoyFilter'],
  // It writes VirtualServices and DestinationRules, with the retries that it states.
  'flagger.app/': ['Canary'],
  'gateway.networking.x-k8s.io/': ['XBackendTrafficPolicy'],
  'gateway.envoyproxy.io/': ['BackendTrafficPolicy'],
  'gateway.kgateway.dev/': ['BackendConfigPolicy', 'TrafficPolicy'],
  'projectcontour.io/': ['HTTPProxy'],
  'getambassador.io/': ['Mapping'],
  'linkerd.io/': ['ServiceProfile'],
  'policy.linkerd.io/': ['HTTPRoute'],
  'kuma.io/': [
    'CircuitBreaker',
    'MeshCircuitBreaker',
    'MeshRetry',
    'MeshTimeout',
    'Retry',
    'Timeout',
  ],
  'consul.hashicorp.com/': ['ServiceDefaults', 'ServiceResolver', 'ServiceRouter'],
};

/** Without one of these a document is nothing that the audit reads, or tells of. */
const WORDS = new RegExp(
  [...KINDS, ...MESH_WORDS, ...AMBIENT_WORDS, ...Object.keys(NOT_READ)]
    .join('|')
    .replaceAll('.', '[.]'),
  'i',
);

/** Whether a text may be of the mesh: in a repository most are not. */
export function isOfMesh(text: string): boolean {
  return WORDS.test(text);
}

/** One finding for each such kind among the documents, at the first of it. */
export function notRead(documents: readonly SourceDocument[]): readonly Finding[] {
  const found = documents.flatMap((document) => {
    const root = Field.of(document, []);
    const [kind, version] = [root.at('kind').value, root.at('apiVersion').value];
    if (typeof kind !== 'string' || typeof version !== 'string') return [];
    const group = version.slice(0, version.indexOf('/') + 1);
    const counts = Object.hasOwn(NOT_READ, group) && NOT_READ[group]!.includes(kind);
    return counts ? { kind, version, place: root.place } : [];
  });
  const byKind = Map.groupBy(found, ({ kind, version }) => `${version} ${kind}`);
  return [...byKind.values()].map((all) => {
    const { kind, version, place } = all[0]!;
    return meshFinding('mesh-kind-not-read', {
      message: `The files have ${all.length} ${kind} (${version}), which may change timeouts, retries or limits and which the audit does not read`,
      fix: 'Check whether it changes them. Set retries and timeouts where the audit reads them, in a VirtualService or an HTTPRoute, and limits in a DestinationRule.',
      at: kind,
      place,
      value: all.length,
    });
  });
}
