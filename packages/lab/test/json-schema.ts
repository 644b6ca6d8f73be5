import { isRecord } from '../src/spec/problems.ts';

type Schema = Readonly<Record<string, unknown>>;

/**
 * Whether a value is as a JSON Schema says: as much of it as the spec's schema uses; an unknown keyword is an error.
 *
 * @param whole has the definitions that the schema refers to.
 */
export function fits(schema: Schema, value: unknown, whole = schema): boolean {
  return Object.entries(schema).every(([keyword, wanted]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`);
    const of = (inner: Schema, one = value): boolean => fits(inner, one, whole);
    return check(wanted as never, value, { schema, whole, of });
  });
}

interface Place {
  readonly schema: Schema;
  readonly whole: Schema;
  /** Whether a value, or this one, is as a schema within says. */
  readonly of: (inner: Schema, value?: unknown) => boolean;
}

type Check = (wanted: never, value: unknown, place: Place) => boolean;

const always = (): boolean => true;
const on =
  <T>(
    is: (value: unknown) => value is T,
    check: (wanted: never, value: T, place: Place) => boolean,
  ): Check =>
  (wanted, value, place) =>
    !is(value) || check(wanted, value, place);
const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const isList = (value: unknown): value is unknown[] => Array.isArray(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isRecord,
  array: isList,
  string: isText,
  number: isNumber,
  integer: Number.isInteger,
  boolean: (value) => typeof value === 'boolean',
  null: (value) => value === null,
};

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: always,
  $defs: always,
  title: always,
  description: always,
  default: always,
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  then: always,
  $ref: (path: string, _value, { whole, of }) =>
    of((whole['$defs'] as Record<string, Schema>)[path.replace('#/$defs/', '')]!),
  allOf: (all: readonly Schema[], _value, { of }) => all.every((one) => of(one)),
  anyOf: (options: readonly Schema[], _value, { of }) => options.some((option) => of(option)),
  oneOf: (options: readonly Schema[], _value, { of }) =>
    options.filter((option) => of(option)).length === 1,
  not: (wrong: Schema, _value, { of }) => !of(wrong),
  if: (condition: Schema, _value, { schema, of }) => !of(condition) || of(schema['then'] as Schema),
  type: (types: string | readonly string[], value) =>
    [types].flat().some((type) => TYPES[type]!(value)),
  enum: (words: readonly unknown[], value) => words.includes(value),
  const: (one: unknown, value) => value === one,
  minimum: on(isNumber, (min: number, value) => value >= min),
  maximum: on(isNumber, (max: number, value) => value <= max),
  pattern: on(isText, (pattern: string, value) => new RegExp(pattern).test(value)),
  items: on(isList, (item: Schema, value, { of }) => value.every((one) => of(item, one))),
  minItems: on(isList, (min: number, value) => value.length >= min),
  maxItems: on(isList, (max: number, value) => value.length <= max),
  maxProperties: on(isRecord, (max: number, value) => Object.keys(value).length <= max),
  minProperties: on(isRecord, (min: number, value) => Object.keys(value).length >= min),
  propertyNames: on(isRecord, (name: Schema, value, { of }) =>
    Object.keys(value).every((key) => of(name, key)),
  ),
  required: on(isRecord, (keys: readonly string[], value) =>
    keys.every((key) => Object.hasOwn(value, key)),
  ),
  properties: on(isRecord, (known: Record<string, Schema>, value, { of }) =>
    Object.entries(value).every(([key, one]) => !Object.hasOwn(known, key) || of(known[key]!, one)),
  ),
  additionalProperties: on(isRecord, (rest: Schema | false, value, { schema, of }) => {
    const known = (schema['properties'] ?? {}) as object;
    const others = Object.entries(value).filter(([key]) => !Object.hasOwn(known, key));
    return others.every(([, one]) => rest !== false && of(rest, one));
  }),
};
