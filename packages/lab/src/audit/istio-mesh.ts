import { isRecord } from '../spec/problems.ts';
import type { Finding } from './finding.ts';
import { meshFinding } from './istio-findings.ts';
import { textsOf } from './istio-resources.ts';
import { defaultRetries, readRetries, type Retries } from './istio-retries.ts';
import type { Note, SourceDocument } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';

/** What holds for every sidecar. */
export interface MeshSettings {
  /** Istio's own default, with which every retries block begins. */
  readonly builtIn: Retries;
  /** What a route without a retries block does. */
  readonly defaults: Retries;
  /** The callee's sidecar repeats what was reset before it reached the application. */
  readonly inboundRetries: boolean;
  /** Where resources for the whole mesh are. */
  readonly rootNamespace: string;
  /** The documents say something of it. */
  readonly isStated: boolean;
}

/**
 * The mesh's settings from every document that has some: an IstioOperator, a ConfigMap whose `mesh`
 * is a MeshConfig, Helm values with `meshConfig`, alone or in what installs the chart (see
 * `valuesIn`), or a bare MeshConfig. The last that states something wins. The switches of istiod are
 * read from `pilot.env`.
 */
export function readMesh(
  documents: readonly SourceDocument[],
  notes: Note[],
  findings: Finding[],
): MeshSettings {
  const env = new Map<string, boolean>();
  const configs: Field[] = [];
  for (const document of documents) {
    const root = Field.of(document, notes);
    configs.push(...meshConfigs(root, document, notes));
    for (const name of ENVIRONMENT) readSwitch(root, name, env);
  }
  const builtIn = defaultRetries(env.get(NO_503) === false);
  const defaults = configs.reduce(
    (retries, config) => meshDefault(config, builtIn, findings) ?? retries,
    builtIn,
  );
  const stated = textsOf(configs.map((config) => config.at('rootNamespace').value));
  return {
    builtIn,
    defaults,
    inboundRetries: env.get(INBOUND) !== false,
    rootNamespace: stated.at(-1) ?? ROOT_NAMESPACE,
    isStated: configs.length + env.size > 0,
  };
}

const ROOT_NAMESPACE = 'istio-system';

const NO_503 = 'EXCLUDE_UNSAFE_503_FROM_DEFAULT_RETRY';
const INBOUND = 'ENABLE_INBOUND_RETRY_POLICY';
const ENVIRONMENT = [NO_503, INBOUND] as const;

/** A file with nothing but a MeshConfig is known by one of these. */
const BARE = [
  'accessLogFile',
  'defaultConfig',
  'defaultHttpRetryPolicy',
  'discoverySelectors',
  'enableTracing',
  'extensionProviders',
  'outboundTrafficPolicy',
  'rootNamespace',
  'trustDomain',
];

/** Who says anything that is read here says one of these; `mesh` is the key in a ConfigMap. */
export const MESH_WORDS: readonly string[] = [
  'MeshConfig',
  'IstioOperator',
  'mesh:',
  '"mesh"',
  ...BARE,
  ...ENVIRONMENT,
];

function meshConfigs(root: Field, document: SourceDocument, notes: Note[]): readonly Field[] {
  const stated = valuesIn(root).map((values) => values.at('meshConfig'));
  switch (root.at('kind').value) {
    case 'IstioOperator':
      return [...stated, root.at('spec').at('meshConfig')];
    case 'ConfigMap':
      return withinConfigMap(document, notes);
    case 'MeshConfig':
      return [root, root.at('spec')];
    case undefined:
      if (isRecord(root.value) && BARE.some((key) => root.at(key).given)) return [root];
  }
  return stated.filter(({ given }) => given);
}

/**
 * Values of Istio's chart: a file of them; in an IstioOperator, and in an Istio of the Sail operator,
 * which came after it; and where Flux (HelmRelease) or Argo CD (Application) installs the chart.
 */
function valuesIn(root: Field): readonly Field[] {
  const spec = root.at('spec');
  switch (root.at('kind').value) {
    case undefined:
      return [root];
    case 'IstioOperator':
    case 'Istio':
    case 'IstioRevision':
    case 'HelmRelease':
      return [spec.at('values')];
    case 'Application': {
      const { value: several } = spec.at('sources');
      const sources = [
        spec.at('source'),
        ...(Array.isArray(several) ? spec.at('sources').items() : []),
      ];
      return sources.map((source) => source.at('helm').at('valuesObject'));
    }
    default:
      return [];
  }
}

function withinConfigMap(document: SourceDocument, notes: Note[]): readonly Field[] {
  const read = document.within(['data', 'mesh']);
  notes.push(...read.notes);
  for (const place of read.templates)
    notes.push({ place, message: 'data.mesh is a template ({{ }})' });
  return read.documents.map((inner) => Field.of(inner, notes));
}

/** Null where it does not say. Its perTryTimeout is the one thing that Istio does not take over. */
function meshDefault(config: Field, builtIn: Retries, findings: Finding[]): Retries | null {
  if (!config.isObject()) return null;
  noteMisspelt(config);
  const field = config.at('defaultHttpRetryPolicy');
  if (!field.isObject()) return null;
  const at = 'the mesh';
  const ignored = field.at('perTryTimeout');
  if (ignored.given) {
    findings.push(
      meshFinding('invalid-mesh-config', {
        severity: 'warning',
        message:
          'defaultHttpRetryPolicy.perTryTimeout has no effect: Istio takes over all but that',
        fix: 'State perTryTimeout, with attempts, in the VirtualServices whose tries must be short.',
        at,
        place: ignored.place,
      }),
    );
  }
  return { ...readRetries(field, builtIn, at, findings), perTry: null };
}

/** MeshConfig has too many fields to know them all; this one must not be missed. */
function noteMisspelt(config: Field): void {
  for (const key of Object.keys(config.value as object)) {
    const same = key.replaceAll('_', '').toLowerCase() === 'defaulthttpretrypolicy';
    if (same && key !== 'defaultHttpRetryPolicy') {
      config.at(key).note("is not a field; did you mean 'defaultHttpRetryPolicy'?");
    }
  }
}

/** In Helm's values it is a map, in an IstioOperator's component a list of names and values. */
function readSwitch(root: Field, name: string, into: Map<string, boolean>): void {
  const component = root.at('spec').at('components').at('pilot').at('k8s');
  const given = [
    ...valuesIn(root).flatMap((values) => [
      values.at('pilot').at('env').at(name),
      values.at('env').at(name),
    ]),
    ...listed(component.at('env').value, name, root),
  ];
  for (const { value } of given) {
    // The environment holds texts, but YAML's `false` is what people write.
    if (value === true || value === 'true') into.set(name, true);
    if (value === false || value === 'false') into.set(name, false);
  }
}

function listed(env: unknown, name: string, root: Field): readonly Field[] {
  if (!Array.isArray(env)) return [];
  const list = root.at('spec').at('components').at('pilot').at('k8s').at('env');
  return list.items().flatMap((item) => (item.at('name').value === name ? [item.at('value')] : []));
}
