import { likeliest, Problems } from 'holdfast/spec';

import type { SpecPath } from '../spec/model.ts';
import { isRecord, pathText } from '../spec/problems.ts';
import type { Place } from './finding.ts';
import type { Note, SourceDocument } from './k8s-documents.ts';

/** With more wrong than this it is another kind of file, and finding each place takes time. */
const MAX_NOTES = 100;

/** Where a value comes from, and how it is read. */
interface Origin {
  readonly source: SourceDocument;
  readonly notes: Note[];
  readonly isProtobuf: boolean;
}

/**
 * A value of a document, asked for what it should be. A wrong one is noted, and counts as not
 * given. Servers and their generated models differ in what they let pass, so everything is checked.
 */
export class Field {
  readonly value: unknown;
  readonly path: SpecPath;
  readonly #of: Origin;

  private constructor(of: Origin, path: SpecPath, value: unknown) {
    this.#of = of;
    this.path = path;
    this.value = value;
  }

  /** The whole document. What is wrong with it goes to `notes`. */
  static of(source: SourceDocument, notes: Note[]): Field {
    return new Field({ source, notes, isProtobuf: false }, [], source.value);
  }

  /** The same as protobuf's JSON: its fields may have the names of the .proto file as well, `retry_on`. */
  asProtobuf(): Field {
    return new Field({ ...this.#of, isProtobuf: true }, this.path, this.value);
  }

  /** Protobuf's JSON takes null for a field that is not set. */
  get given(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  get place(): Place {
    return this.#of.source.placeOf(this.path);
  }

  /** What a field of it may be called. */
  namesOf(key: string): readonly string[] {
    return this.#of.isProtobuf ? [key, protoName(key)] : [key];
  }

  /** A field of an object; of anything else, one that is not given. */
  at(key: string): Field {
    const own = this.#named(key);
    const other = protoName(key);
    if (!this.#of.isProtobuf || other === key) return own;
    const same = this.#named(other);
    if (same.value === undefined) return own;
    if (own.value === undefined) return same;
    same.note(`is the same field as ${key}, which is given as well`);
    return own;
  }

  #named(key: string): Field {
    const value =
      isRecord(this.value) && Object.hasOwn(this.value, key) ? this.value[key] : undefined;
    return new Field(this.#of, [...this.path, key], value);
  }

  /** Whether it is given and an object; with `known`, other keys are noted. */
  isObject(known?: readonly string[]): boolean {
    if (!this.given) return false;
    if (!isRecord(this.value)) {
      this.wrong('an object');
      return false;
    }
    if (known === undefined) return true;
    const names = new Set(known.flatMap((key) => this.namesOf(key)));
    for (const key of Object.keys(this.value)) {
      if (!names.has(key))
        this.#named(key).#add({ message: unknownKey(key, known), unknown: true });
    }
    return true;
  }

  /** The items of a list; none if it is not given. */
  items(): readonly Field[] {
    if (!this.given) return [];
    if (!Array.isArray(this.value)) {
      this.wrong('a list');
      return [];
    }
    return this.value.map((value: unknown, i) => new Field(this.#of, [...this.path, i], value));
  }

  text(): string | null {
    if (!this.given) return null;
    return typeof this.value === 'string' ? this.value : this.wrong('a string');
  }

  integer(min: number, max: number): number | null {
    if (!this.given) return null;
    const value = this.value;
    const good =
      typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
    return good ? value : this.wrong(`an integer from ${min} to ${max}`);
  }

  /** Notes what is neither true nor false. */
  checkFlag(): void {
    if (this.given && typeof this.value !== 'boolean') this.wrong('true or false');
  }

  /** A number that `accepts` takes; `expected` says in words which those are. */
  number(expected: string, accepts: (value: number) => boolean): number | null {
    if (!this.given) return null;
    return typeof this.value === 'number' && accepts(this.value)
      ? this.value
      : this.wrong(expected);
  }

  /** Milliseconds of a text; `parse` answers NaN for what is no duration. */
  duration(expected: string, parse: (text: string) => number): number | null {
    if (!this.given) return null;
    const ms = typeof this.value === 'string' ? parse(this.value) : NaN;
    return Number.isNaN(ms) ? this.wrong(expected) : ms;
  }

  /** Notes that it is not what it must be. */
  wrong(expected: string): null {
    if (this.value === undefined) {
      this.note(`must be ${expected}, and is missing`);
      return null;
    }
    const problems = new Problems();
    problems.type(pathText(this.path) || 'the document', expected, this.value);
    this.note(problems.messages[0]!, '');
    return null;
  }

  /** Notes something about it, once; the message goes on from its path. Beyond `MAX_NOTES` nothing is noted. */
  note(message: string, subject?: string): void {
    this.#add({ message }, subject);
  }

  #add(
    { message, ...kind }: Omit<Note, 'place'>,
    subject = `${pathText(this.path) || 'the document'} `,
  ): void {
    const { notes } = this.#of;
    const { length } = notes;
    if (length > MAX_NOTES) return;
    const rest = `more than ${MAX_NOTES} things are wrong: the others are not listed`;
    const text = length < MAX_NOTES ? `${subject}${message}` : rest;
    const { place } = this;
    const isNoted = notes.some((note) => note.message === text && isSame(note.place, place));
    if (!isNoted) notes.push({ place, message: text, ...kind });
  }
}

function isSame(a: Place, b: Place): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column;
}

const GO_PARTS = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g;
const GO_WHOLE = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/;
const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Go counts nanoseconds in 63 bits: 292 years. */
const MAX_GO = 2 ** 63 / 1e6;

/**
 * Milliseconds of a duration as Go writes it: `1.5s`, `250ms`, `1h30m`; NaN for anything else, for
 * what is shorter than `min`, and for more than Go can hold. Istio takes a millisecond at least, and
 * refuses `0s`, but for some fields that `0s` switches off.
 */
export function goDuration(text: string, min: 0 | 1 = 1): number {
  if (text === '0' && min === 0) return 0;
  if (text.length > 40 || !GO_WHOLE.test(text)) return NaN;
  let ms = 0;
  for (const [, value, unit] of text.matchAll(GO_PARTS)) ms += Number(value) * GO_UNITS[unit!]!;
  return ms < min || ms > MAX_GO ? NaN : ms;
}

/** What protobuf's durations may be at most: 10 000 years. */
const MAX_PROTOBUF_SECONDS = 315_576_000_000;

/** Milliseconds of a duration in protobuf's JSON: decimal seconds, `0.25s`; NaN for anything else. */
export function protobufDuration(text: string): number {
  const seconds = /^\d{1,12}(?:\.\d{1,9})?s$/.test(text) ? Number(text.slice(0, -1)) : NaN;
  return seconds <= MAX_PROTOBUF_SECONDS ? seconds * 1000 : NaN;
}

/** `retryOn` as the .proto file has it. Of names with a digit in them it need not be the one. */
function protoName(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function unknownKey(key: string, known: readonly string[]): string {
  return `is not a field; ${likeliest(key, known)}`;
}
