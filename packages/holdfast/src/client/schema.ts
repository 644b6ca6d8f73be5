import { tableSchema } from '../core/options.ts';
import { KINDS_OF_PARTS } from './kinds-of-parts.ts';
import { dependencyOptions } from './options.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (2020-12) of the options of `dependency()` that a file can hold, and of which of them go
 * together: an option that another kind looks at is wrong.
 */
export function dependencySchema(): Schema {
  const kinds = KINDS_OF_PARTS.flatMap(({ path, by, usual, kindsOf }) =>
    Object.entries(kindsOf).map(([name, ones]) => at(path, onlyFor(name, by, ones, usual))),
  );
  return { ...tableSchema(dependencyOptions), allOf: [...kinds, ...WITHOUT_CODE] };
}

/** What needs a function is not for a file. */
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

/** Of the part to which these keys lead, if it is there, and an object. */
function at(path: readonly string[], schema: Schema): Schema {
  return path.reduceRight<Schema>((inner, key) => ({ properties: { [key]: inner } }), schema);
}

function onlyFor(name: string, by: string, kinds: readonly string[], usual: string): Schema {
  const one = { properties: { [by]: { enum: kinds } } };
  const wanted = kinds.includes(usual) ? one : { ...one, required: [by] };
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: { required: [name] }, then: wanted };
}
