/* Which release of Istio's runs, as far as files say it: its defaults have changed between releases. */
import type { Field } from './k8s-fields.ts';

/** Since this one of 1.x a 503 is not retried unasked, and the callee's sidecar retries as well. */
const CHANGED = 24;

/** The releases that files say: of several of one kind, the last. */
export class Releases {
  readonly #said = new Map<'installed' | 'compatible', number>();

  /** Whether the files say any. */
  get areSaid(): boolean {
    return this.#said.size > 0;
  }

  /** Whether retries are as up to 1.23: one of these runs, or a newer one that is to do as they did. */
  get retryAsOfOld(): boolean {
    return [...this.#said.values()].some((minor) => minor < CHANGED);
  }

  /** Takes what one field says. */
  add(field: Field): void {
    const isCompatible = field.path.at(-1) === 'compatibilityVersion';
    const minor = minorOf(isCompatible ? field.value : installed(field));
    if (minor !== null) this.#said.set(isCompatible ? 'compatible' : 'installed', minor);
  }
}

/** Who says a release says one of these, as regular expressions. */
export const RELEASE_WORDS: readonly string[] = [
  'compatibilityVersion',
  'sailoperator.io/',
  '(?:chart|name): *["\']?(?:istio/)?istiod',
  '/pilot:',
];

/** The version in what installs istiod: the Sail operator's Istio, a tool's reference to the chart, a container. */
function installed(field: Field): unknown {
  if (field.at('kind').value === 'Istio') {
    const { value: version } = field.at('apiVersion');
    return String(version).startsWith('sailoperator.io/')
      ? field.at('spec').at('version').value
      : null;
  }
  // Kustomize, and a chart of its dependencies, say `name` for it, and where it comes from.
  const comesFrom = field.at('repo').value ?? field.at('repository').value;
  const { value: name } = field.at('name');
  const chart = field.at('chart').value ?? (comesFrom === undefined ? null : name);
  if (typeof chart === 'string' && /^(?:.*\/)?istiod$/.test(chart)) {
    // Argo CD's word for it is the second.
    return field.at('version').value ?? field.at('targetRevision').value;
  }
  const { value: image } = field.at('image');
  return typeof image === 'string' ? /\/pilot:([^@]+)/.exec(image)?.[1] : null;
}

/** The y of 1.y; null for what is no version, and for a range, which may come to any. Two digits: YAML's number 1.20 is 1.2, which is none. */
function minorOf(said: unknown): number | null {
  const [, minor] = /^v?1\.(\d\d)(?:[.-][\w.*+-]*)?$/.exec(String(said)) ?? [];
  return minor === undefined ? null : Number(minor);
}
