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
    throw new UnreadableError(whyUnreadable(error), (error as NodeJS.ErrnoException).code);
  } finally {
    await handle?.close();
  }
}

/** What Node says of a file or folder that cannot be read, to go behind its name. */
export function whyUnreadable(error: unknown): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? `cannot be read: ${firstLineOf(error)}`;
}

/** What an error says, where there is room for one line. */
export function firstLineOf(error: unknown): string {
  return error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'may not be read',
  EISDIR: 'is a folder',
  ENOTDIR: 'does not exist: a part of its path is no folder',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
};
