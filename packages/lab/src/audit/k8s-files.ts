/*
 * The files that a path names, and their texts. A folder may be a whole repository: what is no
 * configuration of ours is passed over there, while a file that is named itself is always read.
 * Everything is bounded, because a folder may hold anything.
 */
import { type Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { whyUnreadable } from '../spec/text-file.ts';

/** Says of a text whether it may be configuration of the kind that is looked for. */
export type IsOurs = (text: string) => boolean;

/** A folder of configuration has some hundred files; ten times that is still read. */
const MAX_FILES = 2000;
/** Files of a folder whose names may be ours; a repository has many that are not. */
const MAX_LOOKED_AT = 50_000;
const MAX_DEPTH = 64;
/** Reading takes time and memory in proportion; the largest real files are dumps of a cluster. */
const MAX_BYTES = 4 * 2 ** 20;
/** Locks and data in a repository are larger; to look for a word in them takes little. */
const MAX_BYTES_LOOKED_AT = 128 * 2 ** 20;
const EXTENSION = /\.(ya?ml|json)$/i;

export interface TextFile {
  readonly file: string;
  readonly text: string;
}

/**
 * A file, or every `.yaml`, `.yml` and `.json` that may be ours in a folder and those below it, in
 * order of names. Hidden folders (`.git`, `.github`), `node_modules` and links to folders are not entered.
 *
 * @throws Error with a line for everything that cannot be read, once all have been gone through.
 */
export async function* filesAt(path: string, isOurs: IsOurs): AsyncGenerator<TextFile, void, void> {
  const unread: string[] = [];
  const { files, isFolder } = await filesIn(path, unread);
  let read = 0;
  for (const file of files) {
    const text = await textIfOurs(file, unread, isFolder ? isOurs : () => true);
    if (text === null) continue;
    if (read === MAX_FILES) {
      unread.push(`${file} is beyond the ${MAX_FILES} files that are read`);
      break;
    }
    read += 1;
    yield { file, text };
  }
  if (unread.length > 0) throw new Error(unread.join('\n'));
}

/**
 * The text of a regular file in UTF-8 that is not too large.
 *
 * @throws Error with a line that says why it cannot be read.
 */
export async function readText(file: string): Promise<string> {
  const unread: string[] = [];
  const text = await textIfOurs(file, unread, () => true);
  if (text === null) throw new Error(unread.join('\n'));
  return text;
}

/** What is not UTF-8 would be read as something else; a mark at the beginning is the parser's matter. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Null for what is not ours, and for what cannot be read. */
async function textIfOurs(file: string, unread: string[], isOurs: IsOurs): Promise<string | null> {
  try {
    const found = await stat(file);
    if (!found.isFile()) {
      unread.push(`${file} is no regular file`);
      return null;
    }
    const bytes = found.size <= MAX_BYTES_LOOKED_AT ? await readFile(file) : null;
    if (bytes !== null && !isOurs(roughly(bytes))) return null;
    if (bytes !== null && bytes.length <= MAX_BYTES) return UTF8.decode(bytes);
    const much = `${file} has ${found.size} bytes, more than the`;
    unread.push(
      bytes === null
        ? `${much} ${MAX_BYTES_LOOKED_AT} that are looked through: name a folder without it`
        : `${much} ${MAX_BYTES} that are read: split it`,
    );
  } catch (error) {
    unread.push(`${file} ${whyUnreadable(error)}`);
  }
  return null;
}

/** Good enough to find words of ASCII in, whatever the encoding: UTF-16 has zeros between them. */
function roughly(bytes: Buffer): string {
  return bytes.toString('latin1').replaceAll('\0', '');
}

interface FilesFound {
  readonly files: readonly string[];
  readonly isFolder: boolean;
}

async function filesIn(path: string, unread: string[]): Promise<FilesFound> {
  try {
    if (!(await stat(path)).isDirectory()) return { files: [path], isFolder: false };
  } catch (error) {
    unread.push(`${path} ${whyUnreadable(error)}`);
    return { files: [], isFolder: false };
  }
  const files: string[] = [];
  await walk(path, 0, files, unread);
  if (files.length === 0) unread.push(`${path} has no .yaml, .yml or .json file in it`);
  return { files, isFolder: true };
}

/** Folders of tools, which hold nobody's configuration. */
function isPassedOver(folder: string): boolean {
  return folder.startsWith('.') || folder === 'node_modules';
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
    if (entry.isDirectory()) {
      if (!isPassedOver(entry.name)) await walk(path, depth + 1, files, unread);
    } else if (EXTENSION.test(entry.name)) {
      if (files.length === MAX_LOOKED_AT) {
        unread.push(`${path} is beyond the ${MAX_LOOKED_AT} files that are looked at`);
      }
      if (files.length >= MAX_LOOKED_AT) return;
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
    unread.push(`${folder} ${whyUnreadable(error)}`);
    return [];
  }
}
