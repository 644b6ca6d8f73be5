/* The resources of a mesh among the documents of its files. */
import type { SourceDocument } from './k8s-documents.ts';
import { Field } from './k8s-fields.ts';

/** The kinds that the audit reads. */
export type Kind = 'VirtualService' | 'DestinationRule' | 'ServiceEntry';

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

/** The texts of a list that may be anything. */
export function textsOf(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

/** Other groups have a VirtualService, too. */
const GROUP = 'networking.istio.io/';
const KINDS: ReadonlySet<unknown> = new Set<Kind>([
  'VirtualService',
  'DestinationRule',
  'ServiceEntry',
]);

/** Null for what is not of the mesh. */
function kindOf(root: Field): Kind | null {
  const kind = root.at('kind').value;
  const version = root.at('apiVersion').value ?? GROUP;
  if (!KINDS.has(kind)) return null;
  return typeof version === 'string' && version.startsWith(GROUP) ? (kind as Kind) : null;
}
