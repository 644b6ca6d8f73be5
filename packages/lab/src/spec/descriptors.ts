import {
  type Descriptor,
  duration,
  likeliest,
  type ParsedOf,
  type Problems,
  type Table,
  unknownOption,
} from 'holdfast/spec';
import { isRecord, type Names, reading } from './problems.ts';
import type { Schema } from './combinations.ts';

/**
 * What a spec is made of beside the options of `holdfast/spec`: lists, maps, names, shares. A wrong
 * part is told once and counts as left out, so that the rest can be checked as well.
 */

/** A part that must be there; `instead` stands for a wrong one while the rest is checked. */
export type RequiredPart<Given, Parsed> = Descriptor<Given, Parsed> & {
  readonly required: true;
  readonly instead: Given;
};

/** What users write for a table: what is not required may be left out. */
export type GivenRecord<T extends Table> = {
  readonly [K in keyof T as T[K] extends { required: true } ? K : never]: GivenOf<T[K]>;
} & {
  readonly [K in keyof T as T[K] extends { required: true } ? never : K]?:
    | GivenOf<T[K]>
    | undefined;
};

type GivenOf<D> = D extends Descriptor<infer Given, unknown> ? Given : never;

/** A part that must be there. */
export function required<G, P>(part: Descriptor<G, P>, instead: G): RequiredPart<G, P> {
  return {
    ...part,
    default: undefined,
    required: true,
    instead,
    parse: (given, path, problems) => {
      if (given !== undefined) return part.parse(given, path, problems);
      problems.other(`${path} is missing: ${part.range}`);
      return part.parse(instead, path, reading(problems).aside());
    },
  };
}

/** A part without a default: null if it is left out. */
export function orNull<G, P>(part: Descriptor<G, P>): Descriptor<G, P | null> {
  return {
    ...part,
    default: undefined,
    parse: (given, path, problems) =>
      given === undefined ? null : part.parse(given, path, problems),
  };
}

/** A part, or a word that stands for a value. */
export function orWord<G, P, const W extends string, V>(
  part: Descriptor<G, P>,
  word: W,
  value: V,
): Descriptor<G | W, P | V> {
  const range = `${part.range}, or '${word}'`;
  return {
    ...part,
    range,
    schema: { anyOf: [part.schema, { const: word }] },
    parse: (given, path, problems) =>
      given === word ? value : part.parse(given, path, problems, range),
  };
}

/** Words of people; not empty unless that is the default. */
export function text(about: {
  readonly what: string;
  readonly default?: string;
}): Descriptor<string, string> {
  const range = about.default === undefined ? 'a text, not empty' : 'a text';
  return {
    kind: 'text',
    what: about.what,
    default: about.default,
    range,
    schema: { type: 'string', ...(about.default === undefined ? { pattern: String.raw`\S` } : {}) },
    parse: (given, path, problems) => {
      const value = given === undefined ? (about.default ?? '') : given;
      const fits =
        typeof value === 'string' && (value.trim() !== '' || about.default !== undefined);
      if (!fits) problems.type(path, range, given);
      return value as string;
    },
  };
}

/** A share, as a number from 0 to 1 or like `'50%'`. */
export function share(about: {
  readonly what: string;
  readonly default: number | `${number}%`;
}): Descriptor<number | `${number}%`, number> {
  const range = "a share from 0 to 1, or like '50%'";
  return {
    kind: 'share',
    what: about.what,
    default: about.default,
    range,
    schema: {
      anyOf: [
        { type: 'number', minimum: 0, maximum: 1 },
        { type: 'string', pattern: String.raw`^0*(\d{1,2}(\.\d+)?|100(\.0+)?)\s?%$` },
      ],
    },
    parse: (given, path, problems) => {
      const value = shareOf(given === undefined ? about.default : given);
      if (!(value >= 0 && value <= 1)) problems.range(path, range, given);
      return value;
    },
  };
}

/** The share that is written, or NaN. */
export function shareOf(given: unknown): number {
  if (typeof given === 'number') return given;
  const match = typeof given === 'string' ? /^(\d+(?:\.\d+)?)\s?%$/.exec(given) : null;
  return match === null ? NaN : Number(match[1]) / 100;
}

/** Durations that a simulation can reach: a day at most. */
export function span(about: {
  readonly what: string;
  readonly default?: `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;
  readonly min?: number;
}): Descriptor<number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`, number> {
  return duration({ max: 86_400_000, ...about });
}

/** The name of something in the spec. */
export function nameOf(
  kinds: readonly (keyof Names)[],
  about: { readonly what: string },
): RequiredPart<string, string> {
  const range = `the name of ${kinds.map((kind) => NOUNS[kind]).join(' or ')}`;
  return {
    kind: 'name',
    what: about.what,
    default: undefined,
    required: true,
    instead: '',
    range,
    schema: { type: 'string' },
    parse: (given, path, problems) => {
      const found = reading(problems);
      const known = kinds.flatMap((kind) => found.names[kind]);
      if (given === undefined) found.other(`${path} is missing: ${range}`);
      else if (typeof given !== 'string') found.type(path, range, given);
      else if (!known.includes(given)) found.other(`${path} ${notKnown(given, range, known)}`);
      else return given;
      return '';
    },
  };
}

const NOUNS: Readonly<Record<keyof Names, string>> = {
  services: 'a service',
  users: 'users',
  policies: 'a policy',
};

/** "must be the name of a service; there is no 'webb', did you mean 'web'?" */
export function notKnown(given: string, range: string, known: readonly string[]): string {
  return `must be ${range}; there is no '${given.slice(0, 60)}', ${hint(given, known)}`;
}

/** The likeliest meant one, or what there is. */
function hint(given: string, known: readonly string[]): string {
  if (known.length === 0) return 'nor any other';
  const near = given.length > 60 ? '' : likeliest(given, known);
  if (near.startsWith('did')) return near;
  const more = known.length > 20 ? `, and ${known.length - 20} more` : '';
  return `known are ${known.slice(0, 20).join(', ')}${more}`;
}

/** Several of the same, in order. */
export function listOf<G, P>(
  item: Descriptor<G, P>,
  about: { readonly what: string; readonly max: number; readonly min?: number },
): Descriptor<readonly G[], readonly P[]> {
  const { what, max, min = 0 } = about;
  const range = `a list of ${min > 0 ? `${min} to ${max}` : `at most ${max}`}: ${item.range}`;
  return {
    kind: 'list',
    what,
    default: undefined,
    range,
    schema: { type: 'array', items: item.schema, minItems: min, maxItems: max },
    ...(item.table === undefined ? {} : { table: item.table }),
    parse: (given, path, problems) => {
      const values = given === undefined ? [] : given;
      if (!Array.isArray(values)) problems.type(path, range, given);
      else if (values.length < min || values.length > max) {
        problems.other(`${path} must be ${range}; got ${values.length}`);
      } else {
        const parsed = values.map((value: unknown, i) =>
          usable(item, value, `${path}[${i}]`, problems),
        );
        return parsed.filter((value) => value !== undefined);
      }
      return [];
    },
  };
}

/** What a name may look like: no spaces, since expectations and edges are written with names. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/;

/**
 * Several of the same, by name.
 *
 * @param about.min for the JSON Schema: that there are fewer is said once all has been read.
 * @param about.reserved names that mean something already; for the JSON Schema, too.
 */
export function mapOf<G, P>(
  value: Descriptor<G, P>,
  about: {
    readonly what: string;
    readonly max: number;
    readonly min?: number;
    readonly reserved?: readonly string[];
  },
): Descriptor<Readonly<Record<string, G>>, ReadonlyMap<string, P>> {
  const { what, max, min = 0, reserved = [] } = about;
  const range = `an object of at most ${max} by name, each ${value.range}`;
  return {
    kind: 'map',
    what,
    default: undefined,
    range,
    schema: {
      ...(min === 0 ? { type: ['object', 'null'] } : { type: 'object', minProperties: min }),
      propertyNames: {
        pattern: NAME.source,
        ...(reserved.length === 0 ? {} : { not: { enum: reserved } }),
      },
      additionalProperties: value.schema,
      maxProperties: max,
    },
    ...(value.table === undefined ? {} : { table: value.table }),
    parse: (given, path, problems) => {
      // `users:` with nothing behind it is how one comments a section out.
      const all = given ?? {};
      if (!isRecord(all)) problems.type(path, range, given);
      else if (Object.keys(all).length > max) {
        problems.other(`${path} must be at most ${max}, got ${Object.keys(all).length}`);
      } else return new Map(entries(all, value, path, problems));
      return new Map();
    },
  };
}

function entries<P>(
  all: Record<string, unknown>,
  value: Descriptor<unknown, P>,
  path: string,
  problems: Problems,
): [string, P][] {
  return Object.entries(all).map(([name, given]) => {
    const inner = `${path}.${name}`;
    if (!NAME.test(name)) {
      problems.other(`${inner} is no name: letters, digits, '_', '-' and '.', at most 63`);
    }
    return [name, usable(value, given, inner, problems)];
  });
}

/**
 * Options by their keys; keys that are not in the table are wrong. Which of them go together is for the JSON
 * Schema: whoever makes something of them says it in words.
 */
export function record<T extends Table>(
  table: T,
  about: { readonly what: string; readonly combinations?: readonly Schema[] },
): Descriptor<GivenRecord<T>, ParsedOf<T>> {
  const keys = Object.keys(table);
  const needed = keys.filter((key) => 'required' in table[key]!);
  // Who means "the usual" writes `true`, or nothing.
  const example = needed.map((key) => `${key}: ...`).join(', ');
  const expected = `an object, like ${example === '' ? '{} for all defaults' : `{ ${example} }`}`;
  return {
    kind: 'options',
    what: about.what,
    default: undefined,
    range: rangeOf(keys, needed),
    schema: recordSchema(table, about.combinations),
    table,
    parse: (given, path, problems) => {
      if (given !== undefined && !isRecord(given)) problems.type(path, expected, given);
      const options = isRecord(given) ? given : {};
      for (const key of Object.keys(options)) {
        if (!Object.hasOwn(table, key)) problems.other(unknownOption(key, path, keys));
      }
      const parsed: Record<string, unknown> = {};
      for (const [key, part] of Object.entries(table)) {
        // An object of another kind would lack everything that is required: once is enough.
        const value = Object.hasOwn(options, key) ? options[key] : undefined;
        const told = given === undefined || isRecord(given) ? problems : reading(problems).aside();
        parsed[key] = usable(part, value, path === '' ? key : `${path}.${key}`, told);
      }
      return parsed as ParsedOf<T>;
    },
  };
}

/** Few keys are said at once; of many, those that are needed: all are in the reference. */
function rangeOf(keys: readonly string[], needed: readonly string[]): string {
  const said = keys.length > 5 ? [...needed, '...'] : keys;
  return said.length === 1 ? 'an object' : `an object { ${said.join(', ')} }`;
}

/** The JSON Schema of a table, with what is required, and what goes together. */
export function recordSchema(table: Table, combinations: readonly Schema[] = []): Schema {
  const properties: Record<string, unknown> = {};
  const needed: string[] = [];
  for (const [name, part] of Object.entries(table)) {
    const byDefault = part.default === undefined ? {} : { default: part.default };
    properties[name] = { ...part.schema, description: part.what, ...byDefault };
    if ('required' in part) needed.push(name);
  }
  const rest = needed.length === 0 ? {} : { required: needed };
  const all = combinations.length === 0 ? {} : { allOf: combinations };
  return { type: 'object', properties, ...rest, ...all, additionalProperties: false };
}

/** Kinds whose parts are made usable one by one. */
const COMPOSED: ReadonlySet<string> = new Set(['options', 'list', 'map', 'name']);

/** The parsed value; a wrong one is told, and what stands for it is the default. */
function usable<P>(
  part: Descriptor<unknown, P> & { readonly instead?: unknown },
  given: unknown,
  path: string,
  problems: Problems,
): P {
  const found = reading(problems);
  const before = found.count;
  const value = part.parse(given, path, problems);
  if (found.count === before || COMPOSED.has(part.kind)) return value;
  return part.parse(part.instead, path, found.aside());
}
