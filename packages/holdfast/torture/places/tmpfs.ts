import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../../../test/servers/process.ts';

/** A small disk cannot be had: to mount one takes root, on Linux. */
export class NoRoomError extends Error {}

/** A disk in memory, which can be filled. */
export interface SmallDisk {
  readonly dir: string;
  fill(): void;
  /** Gives the room back. */
  empty(): void;
  unmount(): void;
}

/** @throws NoRoomError where it cannot be mounted. */
export function mountSmallDisk(megabytes: number): SmallDisk {
  const dir = temporaryFolder();
  try {
    const options = ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', dir];
    execFileSync('mount', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    throw new NoRoomError('a small disk could not be mounted', { cause: error });
  }
  const unmount = (): void => {
    // Lazily: whoever still uses it is about to end.
    spawnSync('umount', ['-l', dir], { stdio: 'ignore' });
    process.off('exit', unmount);
  };
  process.on('exit', unmount);
  const filler = join(dir, 'filler');
  return {
    dir,
    fill: () => fillUp(filler),
    empty: () => rmSync(filler, { force: true }),
    unmount,
  };
}

function fillUp(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let size = 1024 * 1024; size > 0; size = Math.floor(size / 2)) fillBy(file, size);
  } finally {
    closeSync(file);
  }
}

/** Until not even a part of it fits. */
function fillBy(file: number, size: number): void {
  const bytes = Buffer.alloc(size);
  try {
    while (writeSync(file, bytes) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
