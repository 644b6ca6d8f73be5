import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sqliteStore } from 'holdfast/sqlite';
import { temporaryFolder } from '../../../../test/servers/process.ts';
import type { Fault, Place, PlaceOptions } from './place.ts';

/** Pages of a small file: 160 kB. */
const FEW_PAGES = 40;
/** Milliseconds that the records which fill it last: a second later there is room again. */
const SHORT = 1000;

/** A folder; processes share its file. */
export async function sqlitePlace({ client, isSmall }: PlaceOptions): Promise<Place> {
  const where = join(temporaryFolder(), 'records.db');
  const link = isSmall ? { maxPageCount: FEW_PAGES } : {};
  const faults = isSmall ? [fullFile(where)] : [lockedFile(where)];
  return { client, where, link, faults, close: async () => {} };
}

/** Another process sits on the write lock, as one does that is stopped in the middle of a commit. */
function lockedFile(path: string): Fault {
  let holder: DatabaseSync | undefined;
  return {
    name: 'a stopped process holds the lock',
    begin: async () => {
      holder = new DatabaseSync(path, { timeout: 10_000 });
      holder.exec('BEGIN IMMEDIATE');
    },
    end: async () => holder?.close(),
  };
}

/** No page more may be had, by `max_page_count`. */
function fullFile(path: string): Fault {
  const store = sqliteStore({ path, maxPageCount: FEW_PAGES, busyTimeout: '10s' });
  const pad = 'x'.repeat(40);
  const claim = async (n: number) =>
    store.claim({
      id: `${pad}-${n}`,
      token: pad,
      fingerprint: pad,
      lease: SHORT,
      retention: SHORT,
      expired: 'refuse',
    });
  return {
    name: 'full disk',
    begin: async () => {
      let isFull = false;
      for (let n = 0; !isFull; n++)
        isFull = await claim(n).then(
          () => false,
          () => true,
        );
    },
    // What has expired is reaped, as any engine on the file does.
    end: async () => {
      const deadline = performance.now() + 10 * SHORT;
      let reaped = 0;
      do reaped = await store.reap(1000);
      while (reaped === 0 && performance.now() < deadline);
      await store.close();
    },
  };
}
