/*
 * Ambient mode: a namespace has no sidecars, but a proxy on each node that looks at connections alone
 * and repeats nothing. Routes are read by the waypoint of the callee, if that has one.
 */
import type { Finding } from './finding.ts';
import { fieldsIn } from './istio-mesh.ts';
import type { SourceDocument } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';
import { meshFinding } from './mesh-findings.ts';

const MODE = 'istio.io/dataplane-mode';
const AMBIENT = 'ambient';
const WAYPOINT = 'istio.io/use-waypoint';

/** Who says anything of it says one of these. */
export const AMBIENT_WORDS: readonly string[] = [MODE, WAYPOINT];

/** What the labels of namespaces and services say of ambient mode. */
export class Ambient {
  /** Namespaces that are in it. */
  readonly namespaces: readonly string[];
  /** Of namespaces, and of services by `namespace/name`: whether they have a waypoint. */
  readonly #waypoints = new Map<string, boolean>();

  constructor(documents: readonly SourceDocument[]) {
    const namespaces: string[] = [];
    for (const document of documents.filter((one) => !one.isTemplate())) {
      const root = Field.of(document, []);
      const metadata = root.at('metadata');
      const labels = metadata.at('labels');
      const name = String(metadata.at('name').value);
      const { value: kind } = root.at('kind');
      const { value: waypoint } = labels.at(WAYPOINT);
      const key = kind === 'Namespace' ? name : `${String(metadata.at('namespace').value)}/${name}`;
      if (kind === 'Namespace' && labels.at(MODE).value === AMBIENT) namespaces.push(name);
      if (HAVE_WAYPOINTS.has(kind) && typeof waypoint === 'string')
        this.#waypoints.set(key, waypoint !== 'none');
    }
    this.namespaces = namespaces;
  }

  /** Whether what is in a namespace is called, and calls, without sidecars. */
  isIn(namespace: string): boolean {
    return this.namespaces.includes(namespace);
  }

  /** Whether a waypoint stands before a service: its own label counts before its namespace's. */
  hasWaypoint(name: string, namespace: string): boolean {
    return this.#waypoints.get(`${namespace}/${name}`) ?? this.#waypoints.get(namespace) ?? false;
  }
}

const HAVE_WAYPOINTS: ReadonlySet<unknown> = new Set(['Namespace', 'Service', 'ServiceEntry']);

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
      severity: 'info',
      message: `The audit reads the label ${MODE} of namespaces alone, not of workloads, nor of what makes namespaces: the files have ${places.length}`,
      fix: 'Give the audit the namespace with its label, or accept what is found of sidecars that are not there.',
      at: MODE,
      place,
      value: places.length,
    }),
  ];
}
