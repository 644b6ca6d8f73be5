import type * as fs from 'node:fs';
import type * as sqlite from 'node:sqlite';
import { StoreFullError } from '../../idempotency/store-full.ts';

/** What the store needs of Node, loaded when it is first used, so that its import works anywhere. */
export interface Driver {
  readonly sqlite: Pick<typeof sqlite, 'DatabaseSync'>;
  readonly fs: Pick<typeof fs, 'closeSync' | 'openSync' | 'statSync' | 'statfsSync'>;
  /** The store's file. */
  readonly path: string;
}

/** @throws (rejects) Error where there is no `node:sqlite`. */
export async function loadDriver(path: string): Promise<Driver> {
  try {
    return { sqlite: await import('node:sqlite'), fs: await import('node:fs'), path };
  } catch (cause) {
    throw new Error('the SQLite store needs `node:sqlite`: Node 22.13 or later', { cause });
  }
}

/** The same file wherever the process goes. As it is where there is no Node, which the first step says. */
export function absolute(path: string): string {
  return globalThis.process?.getBuiltinModule?.('node:path').resolve(path) ?? path;
}

/** SQLite's primary result codes that a store can meet, and what they come from. */
const EXPLANATIONS: Readonly<Record<number, string>> = {
  5: 'another process has held its lock for too long',
  8: 'it may not be written',
  10: 'the disk failed',
  11: 'the file is damaged',
  13: 'the disk is full, or the file has reached `maxPageCount`',
  14: 'it cannot be opened: it is a directory, or its permissions forbid it',
  26: 'it is not a SQLite database',
};

/** Of files and directories. */
const FILE_EXPLANATIONS: Readonly<Record<string, string>> = {
  EACCES: 'its directory may not be written',
  ENOENT: 'its directory does not exist',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'its directory is a file',
  EROFS: 'its filesystem is read-only',
};

const BUSY = 5;
const FULL = 13;
/** After which a connection is as good as before: busy, too big, violated, and full. */
const HARMLESS = new Set([BUSY, FULL, 18, 19]);

/** The file that is open was deleted or replaced: what is in it will be lost. */
export class FileMovedError extends Error {
  constructor(path: string) {
    super(`the SQLite store ${path} was deleted or replaced while it was open`);
  }
}

/** Whether another process, or another store of this one, has the lock. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === BUSY;
}

/** Whether a connection may be broken after this, and is better opened again. */
export function isBroken(error: unknown): boolean {
  const code = primaryCode(error);
  return error instanceof FileMovedError || (code !== null && !HARMLESS.has(code));
}

/** What a step in an open file has failed with: when there is no room, what is there can still be read. */
export function explainedStep(error: unknown, path: string): unknown {
  const explanation = explained(error, path);
  if (primaryCode(error) !== FULL) return explanation;
  return new StoreFullError((explanation as Error).message, { cause: error });
}

/** The same in words, with the original as `cause`; what is not SQLite's or the filesystem's as it is. */
export function explained(error: unknown, path: string): unknown {
  const code = primaryCode(error);
  const reason =
    code === null
      ? FILE_EXPLANATIONS[String((error as { code?: unknown } | null)?.code)]
      : (EXPLANATIONS[code] ?? (error as Error).message);
  if (reason === undefined) return error;
  return new Error(`the SQLite store ${path} failed: ${reason}`, { cause: error });
}

/** The lowest byte of the extended code; null if it is no error of SQLite's. */
function primaryCode(error: unknown): number | null {
  const { errcode } = (error ?? {}) as { errcode?: unknown };
  return typeof errcode === 'number' ? errcode & 0xff : null;
}
