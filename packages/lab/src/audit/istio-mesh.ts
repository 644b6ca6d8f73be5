import type { SpecPath } from '../spec/model.ts';
import { isRecord, pathText } from '../spec/problems.ts';
import type { Finding } from './finding.ts';
import { RELEASE_WORDS, Releases } from './istio-releases.ts';
import { meshFinding } from './mesh-findings.ts';
import { type Kind, textsOf } from './istio-resources.ts';
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
  /** To whom resources of a kind are exported that do not say it; to all where this does not say it either. */
  readonly exportTo: Partial<Record<Kind, readonly string[]>>;
  /** The documents say something of it. */
  readonly isStated: boolean;
}

/**
 * The mesh's settings from every document that has some: a ConfigMap whose `mesh` is a MeshConfig, a
 * bare MeshConfig, and whatever has a `meshConfig` in it: values of Istio's chart, alone, in a chart
 * around it, or in what installs it, and an IstioOperator. The last that states something wins. The
 * switches of istiod are read wherever they are set; where they are not, by its release.
 */
export function readMesh(
  documents: readonly SourceDocument[],
  notes: Note[],
  findings: Finding[],
): MeshSettings {
  const env = new Map<string, boolean>();
  const releases = new Releases();
  const configs: Field[] = [];
  for (const document of documents) {
    const root = Field.of(document, notes);
    const fields = fieldsIn(root);
    const texts = fields
      .filter(isTextOfValues)
      .flatMap(({ path }) => within(document, path, notes));
    const all = [...fields, ...texts.flatMap(fieldsIn)];
    const found = [...embedded(all), ...meshConfigs(root, document, notes)];
    // istiod takes protobuf's JSON; what the Sail operator installs has a schema, with one name of each field.
    const isChecked = root.at('kind').value === 'Istio';
    configs.push(...(isChecked ? found : found.map((config) => config.asProtobuf())));
    for (const field of all) {
      readSwitch(field, env);
      releases.add(field);
    }
  }
  const isNew = !releases.retryAsOfOld;
  const builtIn = defaultRetries(!(env.get(NO_503) ?? isNew));
  const defaults = configs.reduce(
    (retries, config) => meshDefault(config, builtIn, findings) ?? retries,
    builtIn,
  );
  const stated = textsOf(configs.map((config) => config.at('rootNamespace').value));
  return {
    builtIn,
    defaults,
    inboundRetries: env.get(INBOUND) ?? isNew,
    rootNamespace: stated.at(-1) ?? ROOT_NAMESPACE,
    exportTo: {
      VirtualService: exportedTo(configs, 'defaultVirtualServiceExportTo'),
      DestinationRule: exportedTo(configs, 'defaultDestinationRuleExportTo'),
      ServiceEntry: exportedTo(configs, 'defaultServiceExportTo'),
    },
    isStated: configs.length + env.size > 0 || releases.areSaid,
  };
}

/** Of several that say it the last, and all if none does. */
function exportedTo(configs: readonly Field[], key: string): readonly string[] {
  return (
    configs.map((config) => textsOf(config.at(key).value)).findLast((to) => to.length > 0) ?? ['*']
  );
}

const POLICY = 'defaultHttpRetryPolicy';
const ROOT_NAMESPACE = 'istio-system';

const NO_503 = 'EXCLUDE_UNSAFE_503_FROM_DEFAULT_RETRY';
const INBOUND = 'ENABLE_INBOUND_RETRY_POLICY';
const ENVIRONMENT: readonly string[] = [NO_503, INBOUND];

/** Who says one of these in a text may state something of the mesh. */
const WITHIN = ['meshConfig', 'compatibilityVersion', ...ENVIRONMENT];

/** A file with nothing but a MeshConfig is known by one of these. */
const BARE = [
  'accessLogFile',
  'defaultConfig',
  POLICY,
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
  'default_http_retry_policy',
  'mesh:',
  '"mesh"',
  ...BARE,
  ...ENVIRONMENT,
  ...RELEASE_WORDS,
];

function meshConfigs(root: Field, document: SourceDocument, notes: Note[]): readonly Field[] {
  switch (root.at('kind').value) {
    case 'ConfigMap':
      return within(document, ['data', 'mesh'], notes);
    case 'MeshConfig':
      return [root, root.at('spec')];
    // Istio's own, whatever else is in it.
    case 'IstioOperator':
    case 'Istio':
      return [root];
    case undefined:
      return BARE.some((key) => root.at(key).given) || root.asProtobuf().at(POLICY).given
        ? [root]
        : [];
    default:
      return [];
  }
}

/** Of one document, the innermost last: an IstioOperator's values count more than what it says itself, as istioctl merges the two. */
function embedded(fields: readonly Field[]): readonly Field[] {
  return fields.filter(({ path, given }) => path.at(-1) === 'meshConfig' && given);
}

/** A field, and all that is in it, what is further out first; but nothing that a schema says, of a CRD or a chart. */
export function fieldsIn(root: Field): readonly Field[] {
  const fields = [root];
  // What several aliases mean is looked into once, and it may be in itself.
  const entered = new Set<unknown>();
  for (const field of fields) {
    const { value } = field;
    if (entered.has(value)) continue;
    for (const inner of directlyIn(field)) fields.push(inner);
    entered.add(value);
  }
  return fields;
}

function directlyIn(field: Field): readonly Field[] {
  const { value } = field;
  if (Array.isArray(value)) return field.items();
  const keys = isRecord(value) ? Object.keys(value) : [];
  const read = isSchema(field) ? keys.filter((key) => key !== 'properties') : keys;
  return read.map((key) => field.at(key));
}

/** Resources of Pulumi's have `properties` as well, and those of other tools, and a type of their own. */
function isSchema(field: Field): boolean {
  const { value: type } = field.at('type');
  return typeof type !== 'string' || type === 'object';
}

/** Argo CD's `values`, and a ConfigMap's `values.yaml` or `values-prod.yaml`, if they are of Istio's chart. */
function isTextOfValues({ path, value }: Field): boolean {
  const isNamed = /^values$|values[^/]*\.ya?ml$/.test(String(path.at(-1)));
  return isNamed && typeof value === 'string' && WITHIN.some((word) => value.includes(word));
}

function within(document: SourceDocument, path: SpecPath, notes: Note[]): readonly Field[] {
  const read = document.within(path);
  notes.push(...read.notes);
  const raw = read.documents.filter((inner) => inner.isTemplate());
  for (const place of [...read.templates, ...raw.map((inner) => inner.placeOf([]))])
    notes.push({ place, message: `${pathText(path)} is a template ({{ }})` });
  const rendered = read.documents.filter((inner) => !raw.includes(inner));
  return rendered.map((inner) => Field.of(inner, notes));
}

/** Null where it does not say. Its perTryTimeout is the one thing that Istio does not take over. */
function meshDefault(config: Field, builtIn: Retries, findings: Finding[]): Retries | null {
  if (!config.isObject()) return null;
  noteMisspelt(config);
  const field = config.at(POLICY);
  if (!field.isObject()) return null;
  const at = 'the mesh';
  const ignored = field.at('perTryTimeout');
  if (ignored.given) {
    findings.push(
      meshFinding('invalid-mesh-config', {
        severity: 'warning',
        message: `${pathText(ignored.path.slice(-2))} has no effect: Istio applies all of the policy except this field`,
        fix: 'Set perTryTimeout, together with attempts, in the VirtualServices whose attempts must be short.',
        at,
        place: ignored.place,
      }),
    );
  }
  return { ...readRetries(field, builtIn, at, findings), perTry: null };
}

/** MeshConfig has too many fields to know them all; this one must not be missed. */
function noteMisspelt(config: Field): void {
  const names = config.namesOf(POLICY);
  for (const key of Object.keys(config.value as object)) {
    const same = key.replaceAll('_', '').toLowerCase() === POLICY.toLowerCase();
    if (same && !names.includes(key)) {
      config.at(key).note(`is not a field; did you mean '${POLICY}'?`);
    }
  }
}

/** In values it is a key, in a container, or an IstioOperator's component, a name beside a value. */
function readSwitch(field: Field, into: Map<string, boolean>): void {
  const { value: listed } = field.at('name');
  const isListed = typeof listed === 'string';
  const name = isListed ? listed : field.path.at(-1);
  const { value } = isListed ? field.at('value') : field;
  if (typeof name !== 'string' || !ENVIRONMENT.includes(name)) return;
  // The environment holds texts, but YAML's `false` is what people write.
  if (ON.has(String(value))) into.set(name, true);
  if (OFF.has(String(value))) into.set(name, false);
}

/** As Go reads them. */
const ON: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const OFF: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);
