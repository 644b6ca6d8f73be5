/*
 * Ambient mode: a namespace has no sidecars, but a proxy on each node that looks at connections alone
 * and repeats nothing. Routes are read by the waypoint of the callee, if that has one.
 */
import type { Finding } from './finding.ts';
import type { ServiceNames } from './istio-hosts.ts';
import { fieldsIn } from './istio-mesh.ts';
import type { SourceDocument } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';
import { meshFinding } from './mesh-findings.ts';

const MODE = 'istio.io/dataplane-mode';
const AMBIENT = 'ambient';
const WAYPOINT = 'istio.io/use-waypoint';

/** Who says anything of it says one of these. */
export const AMBIENT_WORDS: readonly string[] = [MODE, WAYPOINT];

/** The namespaces that a label says are in ambient mode. */
export function ambientNamespaces(documents: readonly SourceDocument[]): readonly string[] {
  return rendered(documents).flatMap((root) => {
    const { labels, name } = metadataOf(root);
    const isIn = root.at('kind').value === 'Namespace' && labels.at(MODE).value === AMBIENT;
    return isIn && name !== null ? name : [];
  });
}

/** What the labels of namespaces and services say of ambient mode. */
export class Ambient {
  readonly #namespaces: ReadonlySet<string>;
  /** Whether these have a waypoint, by name. */
  readonly #ofNamespaces = new Map<string, boolean>();
  readonly #ofServices = new Map<string, boolean>();

  constructor(documents: readonly SourceDocument[], names: ServiceNames) {
    this.#namespaces = new Set(ambientNamespaces(documents));
    for (const root of rendered(documents)) {
      const { labels, name: text, namespace } = metadataOf(root);
      const { value: waypoint } = labels.at(WAYPOINT);
      if (text === null || typeof waypoint !== 'string') continue;
      const has = waypoint !== 'none';
      const { value: kind } = root.at('kind');
      if (kind === 'Namespace') this.#ofNamespaces.set(text, has);
      const hosts = kind === 'Service' ? [text] : [];
      if (kind === 'ServiceEntry') hosts.push(...names.hostsOfEntry({ text, namespace }));
      for (const host of hosts) {
        const service = names.serviceOf(host, namespace);
        if (service !== null) this.#ofServices.set(service, has);
      }
    }
  }

  /** Whether what is in a namespace is called, and calls, without sidecars. */
  isIn(namespace: string): boolean {
    return this.#namespaces.has(namespace);
  }

  /** Whether a waypoint stands before a service: its own label counts before its namespace's. */
  hasWaypoint(service: string, namespace: string): boolean {
    return this.#ofServices.get(service) ?? this.#ofNamespaces.get(namespace) ?? false;
  }
}

function rendered(documents: readonly SourceDocument[]): readonly Field[] {
  return documents.filter((one) => !one.isTemplate()).map((one) => Field.of(one, []));
}

/** Null for a name or a namespace that it does not say. */
function metadataOf(root: Field): {
  readonly labels: Field;
  readonly name: string | null;
  readonly namespace: string | null;
} {
  const metadata = root.at('metadata');
  const text = (key: string): string | null => {
    const { value } = metadata.at(key);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return { labels: metadata.at('labels'), name: text('name'), namespace: text('namespace') };
}

/** The mode of what is no namespace, which goes into no number; one finding, at the first of it. */
export function elsewhereInAmbient(documents: readonly SourceDocument[]): readonly Finding[] {
  const places = documents.flatMap((document) => {
    const root = Field.of(document, []);
    const labels = fieldsIn(root).filter(
      ({ path, value }) => path.at(-1) === MODE && value === AMBIENT,
    );
    return root.at('kind').value === 'Namespace' ? [] : labels.map(({ place }) => place);
  });
  const [place] = places;
  if (place === undefined) return [];
  return [
    meshFinding('mesh-kind-not-read', {
      message: `The audit reads the label ${MODE} only on namespaces, but ${places.length === 1 ? '1 place in the files sets' : `${places.length} places in the files set`} it on workloads or on what creates namespaces`,
      fix: 'Give the audit a file with the namespace and its label, or accept the findings about sidecars that do not exist.',
      at: MODE,
      place,
      value: places.length,
    }),
  ];
}
