import { type FileHandle, open } from 'node:fs/promises';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import { fleetOf, SpecError } from './fleet.ts';
import type { Place, Fleet, SpecPath } from './model.ts';
import type { SpecProblem } from './problems.ts';

/** A fleet, and where in its file everything was said. */
export interface LoadedFleet {
  readonly fleet: Fleet;
  /** As it was asked for. */
  readonly file: string;
  /** The place of what is at a path, or of the nearest thing around it that is there. */
  readonly placeOf: (path: SpecPath) => Place;
}

/** Bytes of a spec: a thousand services need a tenth. */
const MAX_BYTES = 1_000_000;

/** Aliases that may be resolved, one inside another multiplied: what "billion laughs" exceeds. */
const MAX_ALIASES = 200;

/** One slip in YAML makes many errors: the first tell. */
const MAX_SYNTAX_ERRORS = 3;

/**
 * Reads a spec from YAML or JSON, which is YAML as well.
 *
 * @throws SpecError with the place of everything that is wrong.
 */
export async function loadFleet(file: string): Promise<LoadedFleet> {
  const { spec, placeOf } = readSpec(await textOf(file), file);
  try {
    return { fleet: fleetOf(spec), file, placeOf };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new SpecError(
      error.problems.map((problem) => ({ ...problem, place: placeOf(problem.path) })),
    );
  }
}

/** A spec's text as a plain object, and where everything is; see `loadFleet`. */
export function readSpec(
  text: string,
  file: string,
): { readonly spec: unknown; readonly placeOf: (path: SpecPath) => Place } {
  const lines = new LineCounter();
  const document = parsed(text, lines, file);
  const wrong = [...document.errors, ...document.warnings]
    .slice(0, MAX_SYNTAX_ERRORS)
    .map((error) => problemAt(file, lines, error.pos[0], explained(error)));
  if (wrong.length === 0) wrong.push(...repeatedKeys(document, file, lines));
  if (wrong.length > 0) throw new SpecError(wrong);
  const placeOf = (path: SpecPath): Place => {
    const { line, col } = lines.linePos(offsetOf(document, path));
    return { file, line: Math.max(1, line), column: Math.max(1, col), path };
  };
  try {
    return { spec: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown, placeOf };
  } catch (error) {
    const many = error instanceof ReferenceError && /alias count/i.test(error.message);
    const what = many ? 'has too many aliases: write them out' : (error as Error).message;
    throw new SpecError([{ path: [], message: `the spec ${what}`, place: placeOf([]) }]);
  }
}

function explained({ code, message }: YAMLError): string {
  // Only its stack ends a parser that has no other bound on depth.
  if (/call stack/.test(message)) return 'is nested too deeply';
  return EXPLAINED[code] ?? `is not YAML: ${message}`;
}

/** What the parser's own words leave unclear. */
const EXPLAINED: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'begins a second document: a spec is one',
  TAG_RESOLVE_FAILED: 'has a tag that a spec cannot have: write a plain value',
};

function parsed(text: string, lines: LineCounter, file: string): Document {
  try {
    return parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      // Its own check compares each key with each: mine does not.
      uniqueKeys: false,
    });
  } catch (error) {
    const deep = error instanceof RangeError ? 'is nested too deeply' : (error as Error).message;
    throw new SpecError([problemAt(file, lines, 0, deep)]);
  }
}

function repeatedKeys(document: Document, file: string, lines: LineCounter): SpecProblem[] {
  const problems: SpecProblem[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items.filter((pair) => isScalar(pair.key))) {
        const { value, range } = key as Scalar;
        const what = `has the key '${String(value)}' twice in one place`;
        if (seen.has(value)) problems.push(problemAt(file, lines, range?.[0] ?? 0, what));
        seen.add(value);
      }
    },
  });
  return problems;
}

function problemAt(file: string, lines: LineCounter, offset: number, message: string): SpecProblem {
  const { line, col } = lines.linePos(offset);
  const place = { file, line: Math.max(1, line), column: Math.max(1, col), path: [] };
  return { path: [], message: `the spec ${message}`, place };
}

/** Keys stand for their values: `services.web` is the line that begins with `web:`. */
function offsetOf(document: Document, path: SpecPath): number {
  let node = resolved(document.contents, document);
  let offset = node?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = resolved(pair.value, document);
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (!isNode(item)) return offset;
      offset = item.range?.[0] ?? offset;
      node = resolved(item, document);
    } else {
      return offset;
    }
  }
  return offset;
}

function resolved(value: unknown, document: Document): Node | null {
  if (isAlias(value)) return value.resolve(document) ?? null;
  return isNode(value) ? value : null;
}

async function textOf(file: string): Promise<string> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat();
    if (stat.isDirectory()) throw notRead(file, 'is a folder: name the spec in it');
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > MAX_BYTES) throw notRead(file, `is larger than ${MAX_BYTES} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof SpecError) throw error;
    throw notRead(file, REASONS[(error as NodeJS.ErrnoException).code ?? ''] ?? 'cannot be read');
  } finally {
    await handle?.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist; `holdfast init` writes a spec to start from',
  EACCES: 'may not be read',
  EISDIR: 'is a folder: name the spec in it',
  ENOTDIR: 'does not exist: a part of its path is no folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
};

function notRead(file: string, why: string): SpecError {
  return new SpecError([{ path: [], message: `${file} ${why}` }]);
}
