/*
 * Configuration as it lies in folders: YAML of several documents, JSON, lists of objects. Each value
 * keeps its place. What is wrong inside of a file is a note, so that one bad file does not hide the
 * others; a file that cannot be read at all is an error, since nobody knows what is missing then.
 * Everything is bounded, because a folder may hold anything.
 */
import { type Document, isScalar, LineCounter, type ParsedNode, parseAllDocuments } from 'yaml';

import type { SpecPath } from '../spec/model.ts';
import { isRecord } from '../spec/problems.ts';
import { firstLineOf } from '../spec/text-file.ts';
import {
  AliasError,
  isTooDeep,
  repeatedKeys,
  resolvedData,
  writtenAt,
} from '../spec/yaml-nodes.ts';
import type { Place } from './finding.ts';
import { filesAt, type IsOurs } from './k8s-files.ts';

/** One document, or one item of a list. */
export interface SourceDocument {
  readonly file: string;
  /** Plain data: aliases are resolved. */
  readonly value: unknown;
  /** Where a value, or the nearest thing around it that is written, stands. */
  readonly placeOf: (path: SpecPath) => Place;
  /** Whether it is a template, of a chart (`{{ }}`) or of Jinja: nobody knows what its values come to. */
  readonly isTemplate: () => boolean;
  /** The documents in a text within this one, as a ConfigMap holds them. */
  readonly within: (path: SpecPath) => DocumentsRead;
}

/** Something that is not as it should be. */
export interface Note {
  readonly place: Place;
  /** One sentence without a full stop: what is wrong, and what would be right. */
  readonly message: string;
  /** It is about a field that nobody knows: what reads the file may just leave it out. */
  readonly unknown?: true;
}

export interface DocumentsRead {
  readonly documents: readonly SourceDocument[];
  readonly notes: readonly Note[];
  /** Where templates are that are no YAML: charts are kept beside what they render to. */
  readonly templates: readonly Place[];
}

/** Brackets or indents within one another; a parser that recurses has a stack of its own size. */
const MAX_NESTING = 200;
/** Aliases that are resolved in one document: a bomb of nested ones has millions. */
const MAX_ALIASES = 1000;

/** `List`, as kubectl prints one, and `VirtualServiceList`, as a cluster answers. */
const LISTS = /List$/;

/**
 * The documents of a file, or of all that may be ours in a folder, see `filesAt`.
 *
 * @throws Error with a line for everything that cannot be read.
 */
export async function readDocuments(path: string, isOurs: IsOurs): Promise<DocumentsRead> {
  const read: DocumentsRead[] = [];
  for await (const { file, text } of filesAt(path, isOurs)) {
    // Beside documents of ours, others are not looked into; in a file without any, all that is wrong is noted.
    read.push(documentsIn(text, file, { isOurs: isOurs(text) ? isOurs : () => true }));
  }
  return {
    documents: read.flatMap(({ documents }) => documents),
    notes: read.flatMap(({ notes }) => notes),
    templates: read.flatMap(({ templates }) => templates),
  };
}

interface Reading {
  /** How far the text stands from the beginning of its file. */
  readonly shift: Shift;
  /** Says of which documents it is noted what is wrong with them. */
  readonly isOurs: IsOurs;
}

/** The documents of a text; the items of a Kubernetes list, and of an array, count as documents. */
export function documentsIn(text: string, file: string, reading?: Partial<Reading>): DocumentsRead {
  const { shift = NOWHERE_ELSE, isOurs = () => true } = reading ?? {};
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
    return { documents: [], notes: [{ place: startOf(file), message }], templates: [] };
  }
  const documents: SourceDocument[] = [];
  const notes: Note[] = [];
  const templates: Place[] = [];
  const options = {
    lineCounter: lines,
    prettyErrors: false,
    merge: true,
    uniqueKeys: false,
    logLevel: 'silent',
  } as const;
  for (const [document, own] of withTexts(parseAllDocuments<ParsedNode>(text, options), text)) {
    const wrong = syntaxError(document);
    if (wrong === null) {
      try {
        const value = resolvedData(document, MAX_ALIASES);
        documents.push(...itemsOf({ document, text, file, placeAt }, value, []));
        continue;
      } catch (error) {
        const place = placeAt(error instanceof AliasError ? error.offset : document.range[0], []);
        const message = `${file} ${firstLineOf(error)}`;
        if (isOurs(own)) notes.push({ place, message });
      }
    } else if (isOurs(own)) {
      const place = placeAt(wrong.at, []);
      if (TEMPLATE.test(own)) templates.push(place);
      else notes.push({ place, message: `${file} ${wrong.message}` });
    }
  }
  return { documents, notes, templates };
}

/** Each with its text, up to the next one: of a document that cannot be parsed to its end, the parser knows less. */
function withTexts<T extends Document.Parsed>(
  documents: readonly T[],
  text: string,
): [T, string][] {
  return documents.map((document, i) => [
    document,
    text.slice(document.range[0], documents[i + 1]?.range[0] ?? text.length),
  ]);
}

/** Helm's actions, and Jinja's. */
const TEMPLATE = /\{\{|\{%/;

/** The first thing that is wrong with a document's form, and its offset. */
function syntaxError(document: Document.Parsed): { at: number; message: string } | null {
  const { errors } = document;
  const wrong = errors.find(isTooDeep) ?? errors[0];
  if (wrong !== undefined) {
    const message = isTooDeep(wrong) ? 'is nested too deeply' : `is not YAML: ${wrong.message}`;
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
  const listed = listIn(value);
  if (listed !== null) {
    // `kubectl get` makes one list, and `jq` an array of some; deeper ones are nobody's.
    if (path.length > 1) return [];
    return listed.items.flatMap((item, i) => itemsOf(parsed, item, [...path, ...listed.at, i]));
  }
  const { document, file } = parsed;
  const placeOf = (below: SpecPath): Place => {
    const { offset } = writtenAt(document, [...path, ...below]);
    return parsed.placeAt(offset, below);
  };
  const isTemplate = (): boolean => {
    const [from = 0, to = 0] = writtenAt(document, path).node?.range ?? [];
    return TEMPLATE.test(parsed.text.slice(from, to));
  };
  const within = (below: SpecPath): DocumentsRead => textWithin(parsed, [...path, ...below]);
  return [{ file, value, placeOf, isTemplate, within }];
}

/** The items of a list, and the way to them. */
function listIn(value: unknown): { readonly items: unknown[]; readonly at: SpecPath } | null {
  if (Array.isArray(value)) return { items: value, at: [] };
  const { kind, items } = isRecord(value) ? value : {};
  return LISTS.test(String(kind)) && Array.isArray(items) ? { items, at: ['items'] } : null;
}

function textWithin({ document, text, file, placeAt }: Parsed, path: SpecPath): DocumentsRead {
  const { node, offset } = writtenAt(document, path);
  if (!isScalar(node) || typeof node.value !== 'string')
    return { documents: [], notes: [], templates: [] };
  const { line } = placeAt(node.range?.[0] ?? offset, []);
  // Only a block (`|`) keeps its lines: the first stands below the mark, all are indented alike.
  if (node.type !== 'BLOCK_LITERAL')
    return documentsIn(node.value, file, { shift: { lines: line - 1, columns: 0 } });
  const first = text.split('\n', line + 1)[line] ?? '';
  const shift = { lines: line, columns: first.search(/\S|$/) };
  return documentsIn(node.value, file, { shift });
}

/** Counted on the text, strings included, before a parser sees it: configuration is nowhere near the limit. */
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
