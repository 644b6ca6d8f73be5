import { isPlainObject, Problems } from 'holdfast/spec';
import type { Place, SpecPath } from './model.ts';

/** One thing that is wrong with a spec. */
export interface SpecProblem {
  readonly path: SpecPath;
  /** Begins with the path, in words: `services.web.replicas must be ...`. */
  readonly message: string;
  /** Where it is written, if it came from a file. */
  readonly place?: Place;
}

/** More than these are not printed, but all of them are in `problems`. */
const PRINTED = 50;

/** So much wrong is no slip but another kind of file: reading ends here. */
const MAX_PROBLEMS = 200;

/** A spec that cannot be used, with everything that is wrong with it. */
export class SpecError extends Error {
  override readonly name = 'SpecError';
  readonly problems: readonly SpecProblem[];

  constructor(given: readonly SpecProblem[]) {
    const problems = given.map((one) => ({ ...one, message: printable(one.message) }));
    const lines = problems.slice(0, PRINTED).map(lineOf);
    if (problems.length > PRINTED) lines.push(`and ${problems.length - PRINTED} more`);
    super(lines.join('\n'));
    this.problems = problems;
  }
}

/** In one line: a key may hold what a terminal obeys or nobody sees, and may be as long as the file. */
function printable(message: string): string {
  return message
    .replaceAll(/(?:(?! )[\s\p{Cc}\p{Cf}])+/gu, '?')
    .replaceAll(/\S{400,}/g, (word) => `${word.slice(0, 100)}…`);
}

function lineOf({ message, place }: SpecProblem): string {
  return place === undefined ? message : `${place.file}:${place.line}:${place.column} ${message}`;
}

/** Names that a spec may refer to, by what they are names of. */
export interface Names {
  readonly services: readonly string[];
  readonly users: readonly string[];
  readonly policies: readonly string[];
}

/** Gathers what is wrong with a spec; knows the spec as it is written, and the names in it. */
export class SpecProblems extends Problems {
  readonly names: Names;
  readonly #spec: unknown;
  readonly #found: SpecProblem[] = [];

  constructor(spec: unknown) {
    super();
    this.#spec = spec;
    this.names = {
      services: keysOf(at(spec, 'services')),
      users: keysOf(at(spec, 'users')),
      policies: keysOf(at(spec, 'policies')),
    };
  }

  /** How many there are, to see whether something has added one. */
  get count(): number {
    return this.#found.length;
  }

  get found(): readonly SpecProblem[] {
    return this.#found;
  }

  override type(path: string, expected: string, given: unknown): void {
    const probe = new Problems();
    probe.type(path === '' ? 'the spec' : path, expected, given);
    this.#add(probe.messages[0]!);
  }

  override range(path: string, expected: string, given: unknown): void {
    this.type(path, expected, given);
  }

  /** Something else that is wrong; the message begins with the path. */
  override other(message: string): void {
    this.#add(message);
  }

  /** A problem of what is at this path. */
  at(path: SpecPath, message: string): void {
    this.#push({ path, message: `${pathText(path)} ${message}` });
  }

  /** Whether what is written at this path is wrong, so that nothing can be said of what follows from it. */
  isWrong(path: SpecPath): boolean {
    const text = pathText(path);
    return this.#found.some((problem) => pathText(problem.path) === text);
  }

  /** Whether something at this path, or within it, is wrong. */
  isWrongWithin(path: SpecPath): boolean {
    return this.#found.some((problem) => path.every((key, i) => problem.path[i] === key));
  }

  /** Whether something is written at this path: what is left out has its default, and so looks stated. */
  states(path: SpecPath): boolean {
    return path.reduce<unknown>((node, key) => at(node, String(key)), this.#spec) !== undefined;
  }

  override get messages(): readonly string[] {
    return this.#found.map(({ message }) => message);
  }

  override throwAny(): void {
    if (this.#found.length > 0) throw new SpecError(this.#found);
  }

  /** For parsing what stands in for a wrong part: it knows the same names, and nobody reads its problems. */
  aside(): SpecProblems {
    return new SpecProblems(this.#spec);
  }

  #add(text: string): void {
    const message = text.replace(/^\./, '');
    this.#push({ path: pathIn(message, this.#spec), message });
  }

  #push(problem: SpecProblem): void {
    this.#found.push(problem);
    if (this.#found.length === MAX_PROBLEMS) this.throwAny();
  }
}

/** The problems that the spec's own descriptors are given. */
export function reading(problems: Problems): SpecProblems {
  if (problems instanceof SpecProblems) return problems;
  throw new TypeError('a part of a spec is parsed with SpecProblems');
}

/** `services.web.calls[0].to` */
export function pathText(path: SpecPath): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : i === 0 ? key : `.${key}`))
    .join('');
}

/**
 * The path that a message begins with. Names may have dots in them, so the spec itself is asked
 * which keys there are: the longest that fits is meant.
 */
function pathIn(message: string, spec: unknown): SpecPath {
  const path: (string | number)[] = [];
  let rest = `.${message}`;
  let node = spec;
  for (;;) {
    const key = nextKey(rest, node);
    if (key === null) return path;
    path.push(key);
    rest = rest.slice(typeof key === 'number' ? `[${key}]`.length : key.length + 1);
    node = (node as Record<string | number, unknown>)[key];
  }
}

function nextKey(rest: string, node: unknown): string | number | null {
  if (Array.isArray(node)) {
    const index = /^\[(\d+)\]/.exec(rest);
    return index === null ? null : Number(index[1]);
  }
  if (!rest.startsWith('.')) return null;
  const fits = keysOf(node).filter(
    (key) => rest.startsWith(key, 1) && endsAt(rest, key.length + 1),
  );
  return fits.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

function endsAt(text: string, end: number): boolean {
  return end === text.length || '.[ ,:'.includes(text[end]!);
}

/** The keys of a plain object; none of anything else. */
function keysOf(value: unknown): string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

/** A plain object: no list, not null, and no Map or instance, of which nobody would see what is in it. */
export const isRecord = isPlainObject;

function at(value: unknown, key: string): unknown {
  const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return isThere ? (value as Record<string, unknown>)[key] : undefined;
}
