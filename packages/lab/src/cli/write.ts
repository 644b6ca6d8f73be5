/** Why a file could not be written, for people. */
export function writeError(error: unknown, file: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${file} ${REASONS[code ?? ''] ?? `cannot be written: ${message}`}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'may not be written',
  EEXIST: 'is there already, and is not overwritten',
  EISDIR: 'is a folder: name a file in it',
  ENOENT: 'cannot be written: its folder does not exist',
  ENOTDIR: 'cannot be written: a part of its path is no folder',
  EROFS: 'may not be written: the file system is read-only',
};
