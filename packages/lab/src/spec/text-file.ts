import { type FileHandle, open, stat } from 'node:fs/promises';

/** A file that cannot be read as text; the message says why, and goes behind the file's name. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
  /** Node's code for it: `ENOENT`, `EISDIR`, ...; empty if it has none. */
  readonly code: string;

  constructor(why: string, code = '') {
    super(why);
    this.code = code;
  }
}

/**
 * The text of a file in UTF-8.
 *
 * @param maxBytes that it may have.
 * @throws UnreadableError
 */
export async function textOf(file: string, maxBytes: number): Promise<string> {
  let handle: FileHandle | null = null;
  try {
    // To open a named pipe is to wait for whoever writes to it. A folder says so itself.
    const found = await stat(file);
    if (!found.isFile() && !found.isDirectory()) throw new UnreadableError('is no regular file');
    handle = await open(file, 'r');
    const buffer = Buffer.alloc(maxBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    if (bytesRead > maxBytes) throw new UnreadableError(`is larger than ${maxBytes} bytes`);
    return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, bytesRead));
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new UnreadableError(REASONS[code] ?? 'cannot be read', code);
  } finally {
    await handle?.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read',
  EISDIR: 'is a folder',
  ENOTDIR: 'does not exist: a part of its path is no folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
};
