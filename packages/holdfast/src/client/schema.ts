import { tableSchema } from '../core/options.ts';
import { KINDS_OF_PARTS } from './kinds-of-parts.ts';
import { dependencyOptions } from './options.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (2020-12) of those options of `dependency()` that a file can hold. It also says which
 * of them go together: an option that only another kind looks at is refused.
 *
 * @param about.laid the options are laid over others, which may say of which kind a part is: then any
 *   kind's options may stand there.
 */
export function dependencySchema({ laid = false }: { readonly laid?: boolean } = {}): Schema {
  const kinds = KINDS_OF_PARTS.flatMap(({ path, by, usual, kindsOf }) =>
    Object.entries(kindsOf).map(([name, ones]) => at(path, onlyFor(name, by, ones, usual))),
  );
  return { ...tableSchema(dependencyOptions), allOf: [...(laid ? [] : kinds), ...WITHOUT_CODE] };
}

/** A file holds no functions: so no backoff of kind `custom`, and no fallback with `run` alone. */
const WITHOUT_CODE: readonly Schema[] = [
  at(['retry', 'backoff', 'kind'], { not: { const: 'custom' } }),
  at(['fallback'], {
    not: { const: true },
    anyOf: [
      { required: ['value'] },
      { required: ['stale'], properties: { stale: { not: { const: false } } } },
    ],
  }),
];

/** The schema of the part to which these keys lead. It says nothing where there is no such part. */
function at(path: readonly string[], schema: Schema): Schema {
  return path.reduceRight<Schema>((inner, key) => ({ properties: { [key]: inner } }), schema);
}

function onlyFor(name: string, by: string, kinds: readonly string[], usual: string): Schema {
  const one = { properties: { [by]: { enum: kinds } } };
  const wanted = kinds.includes(usual) ? one : { ...one, required: [by] };
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: { required: [name] }, then: wanted };
}
