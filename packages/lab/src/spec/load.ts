import { type Document, LineCounter, parseDocument, visit, type YAMLError } from 'yaml';
import { fleetOf, SpecError } from './fleet.ts';
import type { Place, Fleet, SpecPath } from './model.ts';
import { pathText, type SpecProblem } from './problems.ts';
import { textOf, UnreadableError } from './text-file.ts';
import { readTraces } from './trace-files.ts';
import {
  AliasError,
  gluedKeys,
  isTooDeep,
  mergeKeys,
  repeatedKeys,
  resolvedData,
  writtenAt,
} from './yaml-nodes.ts';

/** A fleet, and where in its file everything was said. */
export interface LoadedFleet {
  readonly fleet: Fleet;
  /** The plain object that `fleetOf` takes: as it is written, with the moments of traces that are files. */
  readonly spec: unknown;
  /** As it was asked for. */
  readonly file: string;
  /** The place of what is at a path, or of the nearest thing around it that is there. */
  readonly placeOf: (path: SpecPath) => Place;
}

/** Bytes of a spec: a thousand services need a tenth. */
const MAX_BYTES = 1_000_000;

/** Aliases that may be resolved, see `resolvedData`. */
const MAX_ALIASES = 200;

/** One slip in YAML makes many errors: the first tell. */
const MAX_SYNTAX_ERRORS = 3;

/**
 * Reads a spec from YAML or JSON, which is YAML as well, and the traces that it names.
 *
 * @throws SpecError with the place of everything that is wrong.
 */
export async function loadFleet(file: string): Promise<LoadedFleet> {
  const { spec, placeOf } = readSpec(await specText(file), file);
  const problems = await readTraces(spec, file);
  try {
    const fleet = fleetOf(spec);
    if (problems.length === 0) return { fleet, spec, file, placeOf };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    problems.push(...error.problems);
  }
  throw new SpecError(
    problems.map((problem) => ({ ...problem, place: problem.place ?? placeOf(problem.path) })),
  );
}

/** A spec's text as a plain object, and where everything is; see `loadFleet`. */
export function readSpec(
  text: string,
  file: string,
): { readonly spec: unknown; readonly placeOf: (path: SpecPath) => Place } {
  const lines = new LineCounter();
  const document = parsed(text, lines, file);
  const syntax = syntaxErrors(document).map((error) =>
    problemAt(file, lines, error.pos[0], explained(error)),
  );
  const wrong =
    syntax.length > 0
      ? syntax
      : [
          ...repeated(document, file, lines),
          ...merges(document, file, lines),
          ...glued(document, file, lines),
          ...aliasesOfNothing(document, file, lines),
        ];
  if (wrong.length > 0) throw new SpecError(wrong);
  const placeOf = (path: SpecPath): Place => {
    const { line, col } = lines.linePos(writtenAt(document, path).offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), path };
  };
  const spec = valueOf(document, file, lines);
  const circle = circleIn(spec);
  if (circle === null) return { spec, placeOf };
  const message = `${pathText(circle)} is an alias of something that contains it`;
  throw new SpecError([{ path: circle, message, place: placeOf(circle) }]);
}

function valueOf(document: Document, file: string, lines: LineCounter): unknown {
  try {
    return resolvedData(document, MAX_ALIASES);
  } catch (error) {
    if (!(error instanceof AliasError)) throw error;
    const what = `${error.message}; what policies share can have a name under \`policies\``;
    throw new SpecError([problemAt(file, lines, error.offset, what)]);
  }
}

/** The path of a value that is one of those around it, so that it has no end; null if there is none. */
function circleIn(
  value: unknown,
  path: SpecPath = [],
  around = new Set<unknown>(),
  ended = new Set<unknown>(),
): SpecPath | null {
  if (typeof value !== 'object' || value === null || ended.has(value)) return null;
  if (around.has(value)) return path;
  around.add(value);
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  for (const key of keys) {
    const inner = (value as Record<string | number, unknown>)[key];
    const found = circleIn(inner, [...path, key], around, ended);
    if (found !== null) return found;
  }
  around.delete(value);
  ended.add(value);
  return null;
}

function syntaxErrors({ errors, warnings }: Document): readonly YAMLError[] {
  const deep = errors.find(isTooDeep);
  // What is said after that is about a rest that was not read.
  if (deep !== undefined) return [deep];
  // Of one place the first says most.
  const places = new Set<number>();
  const isFirst = ({ pos: [at] }: YAMLError): boolean => !places.has(at) && !!places.add(at);
  return [...errors, ...warnings].filter(isFirst).slice(0, MAX_SYNTAX_ERRORS);
}

function explained(error: YAMLError): string {
  if (isTooDeep(error)) return 'is nested too deeply';
  return EXPLAINED[error.code] ?? `is not YAML: ${error.message}`;
}

/** What the parser's own words leave unclear. */
const EXPLAINED: Readonly<Record<string, string>> = {
  NON_STRING_KEY: 'has a key that is no text: a list, an object or an alias',
  MULTIPLE_DOCS: 'begins a second document: a spec must be a single one',
  TAG_RESOLVE_FAILED: 'has a tag that a spec cannot have: write a plain value',
  BLOCK_AS_IMPLICIT_KEY:
    'is not YAML: a key stands where a value is already: look at the indentation of this line and the next',
  MULTILINE_IMPLICIT_KEY:
    'is not YAML: what should be a key goes over several lines: a space may be missing behind a colon, or the indentation is wrong',
};

function parsed(text: string, lines: LineCounter, file: string): Document {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      // Whatever `%YAML` says: times, sets and binary data are nothing that a spec has.
      schema: 'core',
      resolveKnownTags: false,
      // `repeatedKeys` looks instead.
      uniqueKeys: false,
    });
  } catch (error) {
    const deep = error instanceof RangeError ? 'is nested too deeply' : (error as Error).message;
    throw new SpecError([problemAt(file, lines, 0, deep)]);
  }
}

function repeated(document: Document, file: string, lines: LineCounter): SpecProblem[] {
  return repeatedKeys(document).map(({ value, range }) => {
    const what = `has the key '${String(value)}' twice in one place`;
    return problemAt(file, lines, range?.[0] ?? 0, what);
  });
}

function merges(document: Document, file: string, lines: LineCounter): SpecProblem[] {
  const what =
    'has the merge key <<, which YAML 1.2 has not: write out what it merges, or name what policies share under `policies`';
  return mergeKeys(document).map(({ range }) => problemAt(file, lines, range?.[0] ?? 0, what));
}

function glued(document: Document, file: string, lines: LineCounter): SpecProblem[] {
  return gluedKeys(document).map(({ value, range }) => {
    const what = `has the key '${String(value)}' and nothing behind it: a space may be missing behind its colon`;
    return problemAt(file, lines, range?.[0] ?? 0, what);
  });
}

function aliasesOfNothing(document: Document, file: string, lines: LineCounter): SpecProblem[] {
  const problems: SpecProblem[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Value: (_, { anchor }) => void (anchor === undefined || anchors.add(anchor)),
    Alias: (_, { source, range }) => {
      if (anchors.has(source)) return;
      const what = `has the alias *${source}, and no &${source} before it`;
      problems.push(problemAt(file, lines, range?.[0] ?? 0, what));
    },
  });
  return problems;
}

function problemAt(file: string, lines: LineCounter, offset: number, message: string): SpecProblem {
  const { line, col } = lines.linePos(offset);
  const place = { file, line: Math.max(1, line), column: Math.max(1, col), path: [] };
  return { path: [], message: `the spec ${message}`, place };
}

async function specText(file: string): Promise<string> {
  try {
    return await textOf(file, MAX_BYTES);
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    const message = `${file} ${error.message}${HINTS[error.code] ?? ''}`;
    throw new SpecError([{ path: [], message }]);
  }
}

const HINTS: Readonly<Record<string, string>> = {
  ENOENT: '; `holdfast init` writes a spec to start from',
  EISDIR: ': name the spec in it',
};
