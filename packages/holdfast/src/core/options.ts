import { type Duration, formatDuration, isMoment, milliseconds } from './duration.ts';
import { likeliest } from './likeliest.ts';
import { shared, wasParsedBy } from './shared-options.ts';

/**
 * Options are data. Each policy states its options once, as a table of descriptors; the validator,
 * the TypeScript types, JSON Schema and the reference page are derived from that table.
 */
export interface Descriptor<Given, Parsed> {
  readonly kind: string;
  /** What it means: a phrase without the final full stop. */
  readonly what: string;
  /** What an absent option counts as, in the form that users write. */
  readonly default: Given | undefined;
  /** The accepted values, in words. */
  readonly range: string;
  /** JSON Schema (2020-12) of what users write; null where it is not JSON (callbacks). */
  readonly schema: Readonly<Record<string, unknown>> | null;
  /**
   * Answers the parsed value. A wrong one is added to `problems`, and the answer is then not used.
   * `range` is what the message says is accepted, where that is more than this descriptor's range.
   */
  readonly parse: (given: unknown, path: string, problems: Problems, range?: string) => Parsed;
  /** The nested table, where there is one. */
  readonly table?: Table;
}

export type Table = Readonly<Record<string, Descriptor<unknown, unknown>>>;

/** What users write for a table: every option may be left out, or be undefined. */
export type OptionsOf<T extends Table> = {
  readonly [K in keyof T]?: GivenOf<T[K]> | undefined;
};

/** What a parsed table holds: durations are milliseconds, defaults are filled in. */
export type ParsedOf<T extends Table> = { readonly [K in keyof T]: ParsedBy<T[K]> };

type GivenOf<D> = D extends Descriptor<infer Given, unknown> ? Given : never;
type ParsedBy<D> = D extends Descriptor<unknown, infer Parsed> ? Parsed : never;

/** Parses options whole. All that is wrong with them is said in one `TypeError` or `RangeError`. */
export function parseOptions<T extends Table>(table: T, given: unknown, path: string): ParsedOf<T> {
  if (wasParsedBy(table, given)) return given as ParsedOf<T>;
  const problems = new Problems();
  const parsed = parseTable(table, given, path, problems);
  problems.throwAny();
  return shared(table, parsed);
}

/** Gathers what is wrong with options. */
export class Problems {
  readonly #found: { readonly message: string; readonly range: boolean }[] = [];

  /** A value of the wrong kind, or an option that does not exist. */
  type(path: string, expected: string, given: unknown): void {
    this.#found.push({ message: `${path} must be ${expected}, got ${show(given)}`, range: false });
  }

  /** A value of the right kind, outside its range. */
  range(path: string, expected: string, given: unknown): void {
    this.#found.push({ message: `${path} must be ${expected}, got ${show(given)}`, range: true });
  }

  /** Something else that is wrong with the kind or combination of options. */
  other(message: string): void {
    this.#found.push({ message, range: false });
  }

  /** A message for each problem, which begins with the path of what is wrong. */
  get messages(): readonly string[] {
    return this.#found.map(({ message }) => message);
  }

  throwAny(): void {
    const [first] = this.#found;
    if (first === undefined) return;
    const text = this.#found.map(({ message }) => message).join('\n');
    throw first.range ? new RangeError(text) : new TypeError(text);
  }
}

interface About<Given> {
  readonly what: string;
  readonly default?: Given;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

const FORMS = "like '250ms', '5s', '1m', '1h', '7d'";

/** Milliseconds, or a string like `'5s'`. */
export function duration<const D extends Duration>(
  about: About<D> & { readonly min?: number; readonly max?: number },
): Descriptor<Duration, D extends undefined ? number | undefined : number> {
  const min = about.min ?? 0;
  const max = about.max ?? Number.MAX_SAFE_INTEGER;
  const range =
    max === Number.MAX_SAFE_INTEGER
      ? `a duration of at least ${formatDuration(min)} (milliseconds, or ${FORMS})`
      : `a duration from ${formatDuration(min)} to ${formatDuration(max)}`;
  return {
    kind: 'duration',
    what: about.what,
    default: about.default,
    range,
    schema: {
      anyOf: [
        { type: 'number', minimum: min, maximum: max },
        { type: 'string', pattern: String.raw`^\d+(\.\d+)?(ms|s|m|h|d)$` },
      ],
    },
    parse: (given, path, problems, accepted = range) => {
      const value = given === undefined ? about.default : given;
      if (value === undefined) return undefined as never;
      const ms = milliseconds(value);
      if (typeof value !== 'number' && typeof value !== 'string') {
        problems.type(path, accepted, given);
      } else if (isMoment(value)) {
        problems.range(path, `${accepted}, and no moment like Date.now()`, given);
      } else if (!(ms >= min && ms <= max)) {
        // Whoever wrote `2min` is not helped by the bounds.
        const isUnread = typeof value === 'string' && Number.isNaN(ms) && !accepted.includes(FORMS);
        problems.range(path, isUnread ? `${accepted}, written ${FORMS}` : accepted, given);
      }
      return ms as never;
    },
  };
}

/** A whole number within bounds. */
export function integer(about: Required<About<number>> & Bounds): Descriptor<number, number> {
  return numeric('integer', 'a whole number', Number.isInteger, about);
}

/** A number within bounds. */
export function number(about: Required<About<number>> & Bounds): Descriptor<number, number> {
  return numeric('number', 'a number', (value) => !Number.isNaN(value), about);
}

function numeric(
  kind: 'integer' | 'number',
  noun: string,
  fits: (value: number) => boolean,
  about: Required<About<number>> & Bounds,
): Descriptor<number, number> {
  const { min, max } = about;
  const range = max === Infinity ? `${noun} of at least ${min}` : `${noun} from ${min} to ${max}`;
  const schema: Record<string, unknown> = { type: kind, minimum: min };
  if (max !== Infinity) schema['maximum'] = max;
  return {
    kind,
    what: about.what,
    default: about.default,
    range,
    schema,
    parse: (given, path, problems, accepted = range) => {
      const value = given === undefined ? about.default : given;
      if (typeof value !== 'number') problems.type(path, accepted, given);
      else if (!fits(value) || value < min || value > max) problems.range(path, accepted, given);
      return value as number;
    },
  };
}

/** One of a few words. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
  about: Required<About<Words[number]>>,
): Descriptor<Words[number], Words[number]> {
  const range = `one of ${words.map((word) => `'${word}'`).join(', ')}`;
  return {
    kind: 'word',
    what: about.what,
    default: about.default,
    range,
    schema: { enum: words },
    parse: (given, path, problems, accepted = range) => {
      const value = given === undefined ? about.default : given;
      if (typeof value !== 'string') problems.type(path, accepted, given);
      else if (!words.includes(value)) problems.range(path, accepted, given);
      return value as Words[number];
    },
  };
}

/** Yes or no. */
export function flag(about: Required<About<boolean>>): Descriptor<boolean, boolean> {
  return {
    kind: 'flag',
    what: about.what,
    default: about.default,
    range: 'true or false',
    schema: { type: 'boolean' },
    parse: (given, path, problems) => {
      const value = given === undefined ? about.default : given;
      if (typeof value !== 'boolean') problems.type(path, 'true or false', given);
      return value as boolean;
    },
  };
}

/** A function of the user's; undefined unless given. */
export function callback<F extends (...parameters: never[]) => unknown>(
  about: About<never>,
): Descriptor<F, F | undefined> {
  return {
    kind: 'callback',
    what: about.what,
    default: undefined,
    range: 'a function',
    schema: null,
    parse: (given, path, problems) => {
      if (given !== undefined && typeof given !== 'function') {
        problems.type(path, 'a function', given);
      }
      return given as F | undefined;
    },
  };
}

/** Options within options, always present. */
export function nested<T extends Table>(
  table: T,
  about: About<never>,
): Descriptor<OptionsOf<T>, ParsedOf<T>> {
  return {
    kind: 'options',
    what: about.what,
    default: undefined,
    range: 'an object of options',
    schema: tableSchema(table),
    parse: (given, path, problems) => parseTable(table, given, path, problems),
    table,
  };
}

/** Options within options that `false` switches off, or that are off unless given. */
export function optional<T extends Table>(
  table: T,
  about: Required<About<boolean>>,
): Descriptor<OptionsOf<T> | boolean, ParsedOf<T> | null> {
  const range = 'an object of options, true or false';
  return {
    kind: 'options',
    what: about.what,
    default: about.default,
    range,
    schema: { anyOf: [tableSchema(table), { type: 'boolean' }] },
    parse: (given, path, problems) => {
      const value = given === undefined ? about.default : given;
      if (value === true) return parseTable(table, undefined, path, problems);
      if (isPlainObject(value)) return parseTable(table, value, path, problems);
      if (value !== false) problems.type(path, range, given);
      return null;
    },
    table,
  };
}

/** The JSON Schema of a whole table; callbacks are left out. */
export function tableSchema(table: Table): Readonly<Record<string, unknown>> {
  const properties: Record<string, unknown> = {};
  for (const [name, { schema, what, default: byDefault }] of Object.entries(table)) {
    if (schema === null) continue;
    properties[name] = {
      ...schema,
      description: what,
      ...(byDefault === undefined ? {} : { default: byDefault }),
    };
  }
  return { type: 'object', properties, additionalProperties: false };
}

/** Parses a table into `problems`, for descriptors that hold a table. */
export function parseTable<T extends Table>(
  table: T,
  given: unknown,
  path: string,
  problems: Problems,
): ParsedOf<T> {
  const parsed: Record<string, unknown> = {};
  if (given !== undefined && !isPlainObject(given)) {
    problems.type(path, 'an object of options', given);
    return parsed as ParsedOf<T>;
  }
  const options = given ?? {};
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(table, key)) problems.other(unknownOption(key, path, Object.keys(table)));
  }
  for (const [key, descriptor] of Object.entries(table)) {
    const value = Object.hasOwn(options, key) ? options[key] : undefined;
    parsed[key] = descriptor.parse(value, `${path}.${key}`, problems);
  }
  return parsed as ParsedOf<T>;
}

/** The message for an option that does not exist, with the one that was probably meant. */
export function unknownOption(key: string, path: string, known: readonly string[]): string {
  return `${path}.${key} is not an option; ${likeliest(key, known)}`;
}

/** Whether a value is a plain object, of any realm. A Map, a promise or an instance is none: what it holds would go unseen. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What was given, short enough for one line; functions and objects by kind or class, never by content. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return 'an array';
  if (isPlainObject(value)) return 'an object';
  if (typeof value === 'object' && value !== null) return `an instance of ${classOf(value)}`;
  return typeof value === 'bigint' ? `${value}n` : String(value);
}

function classOf(value: object): string {
  const { constructor: maker } = value;
  // An heir of a plain object has that one's. A class may have a static `name` that is anything.
  const name: unknown = typeof maker === 'function' && maker !== Object && maker.name;
  return typeof name === 'string' && name !== '' ? name : 'a class';
}
