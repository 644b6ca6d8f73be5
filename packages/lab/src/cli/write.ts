import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { interruptible } from './interruption.ts';

/** Options of `writeFile`: `wx` for a file that must not be there yet. */
interface WriteOptions {
  readonly flag?: 'w' | 'wx';
}

/** Writes a text file, as `writeAll` does. */
export async function write(file: string, text: string, options?: WriteOptions): Promise<void> {
  await writeAll([[file, text]], options);
}

/**
 * Writes text files that belong together. The first SIGINT or SIGTERM waits until they are there, and whole.
 *
 * @throws Error that says in one line why one cannot be written; Interrupted after a signal.
 */
export async function writeAll(
  files: readonly (readonly [file: string, text: string])[],
  options: WriteOptions = {},
): Promise<void> {
  await interruptible(async (signal) => {
    for (const [file, text] of files) {
      await writeFile(file, text, options).catch((error: unknown) => cannot(error, file));
    }
    signal.throwIfAborted();
  });
}

/**
 * Looks whether a file can be written, and touches nothing: for what is written after long work.
 *
 * @param spec the file that was read: it stays as it is.
 * @throws Error as `write` does, and when the file is the spec itself.
 */
export async function mustBeWritable(file: string, spec: string): Promise<void> {
  try {
    if ((await stat(dirname(file))).isDirectory()) await isWritable(file, spec);
    else throw Object.assign(new Error(), { code: 'ENOTDIR' });
  } catch (error) {
    cannot(error, file);
  }
}

async function isWritable(file: string, spec: string): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' });
  await access(found === null ? dirname(file) : file, constants.W_OK);
  // By what they are: two paths may lead to one file.
  const { dev, ino } = await stat(spec);
  if (found?.dev === dev && found.ino === ino) {
    throw Object.assign(new Error(), { code: 'SPEC' });
  }
}

function cannot(error: unknown, file: string): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const why = REASONS[code ?? ''] ?? `cannot be written: ${message}`;
  throw new Error(`${file} ${why}`, { cause: error });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written',
  EEXIST: 'is there already, and is not overwritten',
  EISDIR: 'is a folder: name a file in it',
  ENOENT: 'cannot be written: its folder does not exist',
  ENOTDIR: 'cannot be written: a part of its path is no folder',
  SPEC: 'is the spec, and is not overwritten: name another file',
  EROFS: 'may not be written: the file system is read-only',
};
