import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { sqliteStore } from 'holdfast/sqlite';
import type { Link, LinkOptions } from './link.ts';

/** Records in a SQLite file; the ledger is a file beside it, to which lines are appended. */
export function sqliteLink(path: string, { maxPageCount }: LinkOptions): Link {
  const ledger = `${path}.ledger`;
  const file = openSync(ledger, 'a');
  // Patient, as the engine's own time-out is what the promises are about.
  const store = sqliteStore({
    path,
    busyTimeout: '5s',
    ...(maxPageCount === undefined ? {} : { maxPageCount }),
  });
  return {
    store,
    effect: async (key) => {
      writeSync(file, `${key}\n`);
      fsyncSync(file);
    },
    effects: async () => readFileSync(ledger, 'utf8').split('\n').slice(0, -1),
    close: async () => {
      closeSync(file);
      await store.close();
    },
  };
}
