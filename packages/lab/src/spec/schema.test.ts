import { describe, expect, test } from 'vitest';
import { initSpec } from './init.ts';
import { readSpec } from './load.ts';
import { isRecord } from './problems.ts';
import { specSchema } from './schema.ts';

type Schema = Readonly<Record<string, unknown>>;

const whole = specSchema();

/** As much of JSON Schema as the spec's schema uses; an unknown keyword is an error. */
function fits(schema: Schema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, wanted]) => {
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`unknown keyword ${keyword}`);
    return check(wanted as never, value, schema);
  });
}

type Check = (wanted: never, value: unknown, schema: Schema) => boolean;

const always = (): boolean => true;
const on =
  <T>(is: (value: unknown) => value is T, check: (wanted: never, value: T) => boolean): Check =>
  (wanted, value) =>
    !is(value) || check(wanted, value);
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
  $ref: (path: string, value) =>
    fits((whole['$defs'] as Record<string, Schema>)[path.replace('#/$defs/', '')]!, value),
  anyOf: (options: readonly Schema[], value) => options.some((option) => fits(option, value)),
  type: (types: string | readonly string[], value) =>
    [types].flat().some((type) => TYPES[type]!(value)),
  enum: (words: readonly unknown[], value) => words.includes(value),
  const: (one: unknown, value) => value === one,
  minimum: on(isNumber, (min: number, value) => value >= min),
  maximum: on(isNumber, (max: number, value) => value <= max),
  pattern: on(isText, (pattern: string, value) => new RegExp(pattern).test(value)),
  items: on(isList, (item: Schema, value) => value.every((one) => fits(item, one))),
  minItems: on(isList, (min: number, value) => value.length >= min),
  maxItems: on(isList, (max: number, value) => value.length <= max),
  maxProperties: on(isRecord, (max: number, value) => Object.keys(value).length <= max),
  propertyNames: on(isRecord, (name: Schema, value) =>
    Object.keys(value).every((key) => fits(name, key)),
  ),
  required: on(isRecord, (keys: readonly string[], value) =>
    keys.every((key) => Object.hasOwn(value, key)),
  ),
  properties: on(isRecord, (known: Record<string, Schema>, value) =>
    Object.entries(value).every(
      ([key, one]) => !Object.hasOwn(known, key) || fits(known[key]!, one),
    ),
  ),
  additionalProperties: (rest: Schema | false, value, { properties = {} }) =>
    !isRecord(value) ||
    Object.entries(value).every(
      ([key, one]) =>
        Object.hasOwn(properties as object, key) || (rest !== false && fits(rest, one)),
    ),
};

const services = { web: { calls: [{ to: 'db' }, { together: [{ to: 'db', policy: 'none' }] }] } };

describe('the JSON Schema of a spec', () => {
  test('is plain JSON of the draft that editors read', () => {
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
    expect(whole['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  test.each<[string, unknown]>([
    ['the spec to start from', readSpec(initSpec(), 'holdfast.yaml').spec],
    ['calls at once', { services }],
    ['sections that are commented out', { services, users: null, scenarios: null, lanes: null }],
    [
      'distributions',
      {
        services: { web: { serviceTime: { mixture: [{ time: '5ms' }, { time: { erlang: 5 } }] } } },
      },
    ],
    ['policies', { services, policies: { p: { retry: { budget: false }, breaker: false } } }],
    ['faults', { services, scenarios: { s: { faults: [{ errors: 'web', rate: '50%' }] } } }],
    ['pieces', { services, users: { u: { to: 'web', rate: [{ at: '1s', rate: 5 }] } } }],
  ])('lets pass %s', (_what, spec) => expect(fits(whole, spec)).toBe(true));

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['an unknown key', { services, nmae: 'x' }],
    ['a call to nobody', { services: { web: { calls: [{ times: 2 }] } } }],
    ['a name with a space', { services: { 'a b': {} } }],
    ['a number out of range', { services: { web: { replicas: 0 } } }],
    ['a wrong policy', { services, policies: { p: { retry: { maxAttempts: 0 } } } }],
    ['code', { services, policies: { p: { classify: 'x' } } }],
    ['a wrong distribution', { services: { web: { serviceTime: { exponental: 5 } } } }],
    ['a wrong fault', { services, scenarios: { s: { faults: [{ outige: 'web' }] } } }],
  ])('stops %s', (_what, spec) => expect(fits(whole, spec)).toBe(false));
});
