/*
 * Configuration as it lies in folders: YAML of several documents, JSON, lists of objects. Each value
 * keeps its place. What is wrong inside of a file is a note, so that one bad file does not hide the
 * others; a file that cannot be read at all is an error, since nobody knows what is missing then.
 * Everything is bounded, because a folder may hold anything.
 */
import { type Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, isScalar, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';

import type { SpecPath } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import { isTooDeep, repeatedKeys, writtenAt } from '../spec/yaml-nodes.ts';
import type { Place } from './finding.ts';

/** One document, or one item of a `List`. */
export interface SourceDocument {
  readonly file: string;
  /** Plain data: aliases are resolved. */
  readonly value: unknown;
  /** Where a value, or the nearest thing around it that is written, stands. */
  readonly placeOf: (path: SpecPath) => Place;
  /** The documents in a text within this one, as a ConfigMap holds them. */
  readonly within: (path: SpecPath) => DocumentsRead;
}

/** Something that is not as it should be. */
export interface Note {
  readonly place: Place;
  /** One sentence without a full stop: what is wrong, and what would be right. */
  readonly message: string;
}

export interface DocumentsRead {
  readonly documents: readonly SourceDocument[];
  readonly notes: readonly Note[];
}

/** A folder of configuration has some hundred files; ten times that is still read. */
const MAX_FILES = 2000;
const MAX_DEPTH = 16;
/** Reading takes time and memory in proportion; the largest real files are dumps of a cluster. */
const MAX_BYTES = 4 * 2 ** 20;
/** Brackets or indents within one another; a parser that recurses has a stack of its own size. */
const MAX_NESTING = 200;
/** Aliases that are resolved in one document: a bomb of nested ones has millions. */
const MAX_ALIASES = 1000;

/** `List`, as kubectl prints one, and `VirtualServiceList`, as a cluster answers. */
const LISTS = /List$/;
const EXTENSION = /\.(ya?ml|json)$/i;

/**
 * The documents of a file, or of every `.yaml`, `.yml` and `.json` in a folder and those below it, in
 * order of names.
 *
 * @throws Error with a line for everything that cannot be read.
 */
export async function readDocuments(path: string): Promise<DocumentsRead> {
  const unread: string[] = [];
  const notes: Note[] = [];
  const documents: SourceDocument[] = [];
  for (const file of await filesIn(path, unread)) {
    const text = await textOf(file, unread);
    if (text === null) continue;
    const read = documentsIn(text, file);
    documents.push(...read.documents);
    notes.push(...read.notes);
  }
  if (unread.length > 0) throw new Error(unread.join('\n'));
  return { documents, notes };
}

/**
 * The text of a regular file in UTF-8 that is not too large.
 *
 * @throws Error with a line that says why it cannot be read.
 */
export async function readText(file: string): Promise<string> {
  const unread: string[] = [];
  const text = await textOf(file, unread);
  if (text === null) throw new Error(unread.join('\n'));
  return text;
}

/** What is not UTF-8 would be read as something else; a mark at the beginning is the parser's matter. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

async function textOf(file: string, unread: string[]): Promise<string | null> {
  try {
    const found = await stat(file);
    if (found.isFile() && found.size <= MAX_BYTES) return UTF8.decode(await readFile(file));
    const large = `has ${found.size} bytes, more than the ${MAX_BYTES} that are read: split it`;
    unread.push(`${file} ${found.isFile() ? large : 'is no regular file'}`);
  } catch (error) {
    unread.push(cannotRead(file, error));
  }
  return null;
}

/** The documents of a text; the items of a Kubernetes list count as documents. */
export function documentsIn(text: string, file: string, shift = NOWHERE_ELSE): DocumentsRead {
  const lines = new LineCounter();
  const placeAt = (offset: number, path: SpecPath): Place => {
    const { line, col } = lines.linePos(offset);
    return {
      file,
      line: Math.max(line, 1) + shift.lines,
      column: Math.max(col, 1) + shift.columns,
      path,
    };
  };
  if (nestedTooDeeply(text)) {
    const message = `${file} is nested more than ${MAX_NESTING} levels deep`;
    return { documents: [], notes: [{ place: startOf(file), message }] };
  }
  const documents: SourceDocument[] = [];
  const notes: Note[] = [];
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: false,
    logLevel: 'silent',
  } as const;
  for (const document of parseAllDocuments<ParsedNode>(text, options)) {
    const wrong = syntaxError(document, text);
    if (wrong !== null) {
      notes.push({ place: placeAt(wrong.at, []), message: `${file} ${wrong.message}` });
      continue;
    }
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      documents.push(...itemsOf({ document, text, file, placeAt }, value, []));
    } catch (error) {
      const place = placeAt(document.range[0], []);
      notes.push({ place, message: `${file} is not YAML that can be resolved: ${reason(error)}` });
    }
  }
  return { documents, notes };
}

/** Charts are kept beside what they render to, and look like it. */
const TEMPLATE = 'a template ({{ }}) has to be rendered first, as `helm template` does';

/** The first thing that is wrong with a document's form, and its offset. */
function syntaxError(
  document: Document.Parsed,
  text: string,
): { at: number; message: string } | null {
  const { errors } = document;
  const wrong = errors.find(isTooDeep) ?? errors[0];
  if (wrong !== undefined) {
    const hint = text.includes('{{') ? `; ${TEMPLATE}` : '';
    const message = isTooDeep(wrong)
      ? 'is nested too deeply'
      : `is not YAML: ${wrong.message}${hint}`;
    return { at: wrong.pos[0], message };
  }
  const [key] = repeatedKeys(document);
  if (key === undefined) return null;
  const message = `has the key ${JSON.stringify(key.value)} twice in one place`;
  return { at: key.range?.[0] ?? 0, message };
}

/** The beginning of a file, for what has no better place. */
export function startOf(file: string): Place {
  return { file, line: 1, column: 1, path: [] };
}

/** How far a text stands from the beginning of its file. */
interface Shift {
  readonly lines: number;
  readonly columns: number;
}

const NOWHERE_ELSE: Shift = { lines: 0, columns: 0 };

interface Parsed {
  readonly document: Document.Parsed;
  readonly text: string;
  readonly file: string;
  readonly placeAt: (offset: number, path: SpecPath) => Place;
}

function itemsOf(parsed: Parsed, value: unknown, path: SpecPath): SourceDocument[] {
  if (value === null || value === undefined) return [];
  if (isRecord(value) && LISTS.test(String(value['kind'])) && Array.isArray(value['items'])) {
    return value['items'].flatMap((item: unknown, i) =>
      // `kubectl get -o yaml` makes one list; a list in a list is nobody's.
      path.length > 0 ? [] : itemsOf(parsed, item, ['items', i]),
    );
  }
  const { document, file } = parsed;
  const placeOf = (below: SpecPath): Place => {
    const { offset } = writtenAt(document, [...path, ...below]);
    return parsed.placeAt(offset, below);
  };
  const within = (below: SpecPath): DocumentsRead => textWithin(parsed, [...path, ...below]);
  return [{ file, value, placeOf, within }];
}

function textWithin({ document, text, file, placeAt }: Parsed, path: SpecPath): DocumentsRead {
  const { node, offset } = writtenAt(document, path);
  if (!isScalar(node) || typeof node.value !== 'string') return { documents: [], notes: [] };
  const { line } = placeAt(node.range?.[0] ?? offset, []);
  // Only a block (`|`) keeps its lines: the first stands below the mark, all are indented alike.
  if (node.type !== 'BLOCK_LITERAL')
    return documentsIn(node.value, file, { lines: line - 1, columns: 0 });
  const first = text.split('\n', line + 1)[line] ?? '';
  return documentsIn(node.value, file, { lines: line, columns: first.search(/\S|$/) });
}

/** Counted on the text, strings and all: configuration is nowhere near the limit, and a parser need not see the rest. */
function nestedTooDeeply(text: string): boolean {
  let depth = 0;
  for (const char of text) {
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
    if (depth > MAX_NESTING) return true;
  }
  // Block collections nest by dashes and question marks on one line (`- - - -`), or by ever deeper indents.
  return /^(?: *[-?](?= )){200}/m.test(text) || /^ {2000}/m.test(text);
}

async function filesIn(path: string, unread: string[]): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
  } catch (error) {
    unread.push(cannotRead(path, error));
    return [];
  }
  const files: string[] = [];
  await walk(path, 0, files, unread);
  if (files.length === 0) unread.push(`${path} has no .yaml, .yml or .json file in it`);
  return files;
}

/** Does not follow links to folders: they may lead back. */
async function walk(
  folder: string,
  depth: number,
  files: string[],
  unread: string[],
): Promise<void> {
  if (depth > MAX_DEPTH) {
    unread.push(`${folder} is more than ${MAX_DEPTH} folders deep, and not read`);
    return;
  }
  for (const entry of await entriesOf(folder, unread)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await walk(path, depth + 1, files, unread);
    else if (EXTENSION.test(entry.name)) {
      if (files.length === MAX_FILES) {
        unread.push(`${path} is beyond the ${MAX_FILES} files that are read`);
      }
      if (files.length >= MAX_FILES) return;
      files.push(path);
    }
  }
}

/** In order of names, which is the same on every machine. */
async function entriesOf(folder: string, unread: string[]): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    unread.push(cannotRead(folder, error));
    return [];
  }
}

function cannotRead(path: string, error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `${path} does not exist`;
  if (code === 'EACCES') return `${path} may not be read`;
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return `${path} is not UTF-8 text`;
  return `${path} cannot be read: ${reason(error)}`;
}

/** For one line: system errors begin with their code. */
function reason(error: unknown): string {
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
}
