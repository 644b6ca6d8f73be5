import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { storeConformance } from '../../../../../test/conformance/idempotency-store.ts';
import { request, rival, temporaryFolder } from '../../../test/sqlite-files.ts';
import { warningsOf } from './check.ts';
import { sqliteStore } from './sqlite.ts';

const folder = temporaryFolder();
let files = 0;
const newPath = (): string => join(folder, `${files++}.db`);

storeConformance('the SQLite store', {
  open: async () => {
    const path = newPath();
    const store = sqliteStore(path);
    const other = sqliteStore(path);
    const close = async () => {
      await Promise.all([store.close(), other.close()]);
    };
    return { store, other, close };
  },
  reaps: true,
});

describe('the file of a SQLite store', () => {
  test('is readable by its owner alone, as are those beside it', async () => {
    const path = newPath();
    const store = sqliteStore(path);
    await store.claim(request('a'));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    await store.close();
  });

  test('keeps what it holds, and its mode, when it is opened again', async () => {
    const path = newPath();
    const first = sqliteStore(path);
    await first.claim(request('done'));
    await first.complete(request('done'), '{"id":1}', 60_000);
    await first.claim(request('begun'));
    await first.checkpoint(request('begun'), { name: 'a', value: '1' }, 60_000);
    await first.close();
    chmodSync(path, 0o640);

    const second = sqliteStore(path);
    expect(await second.claim(rival('done'))).toMatchObject({ result: '{"id":1}' });
    expect(await second.claim(request('begun'))).toMatchObject({
      points: [{ name: 'a', value: '1' }],
    });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    await second.close();
  });

  test('waits for the disk at each commit, and writes ahead', async () => {
    const path = newPath();
    const store = sqliteStore(path);
    expect((await store.check()).join()).not.toMatch(/journal_mode|synchronous/);
    await store.close();
    const database = new DatabaseSync(path);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    database.close();
  });

  test('has an index by which it finds what has expired', async () => {
    const path = newPath();
    const store = sqliteStore(path);
    await store.claim(request('a'));
    await store.close();
    const database = new DatabaseSync(path);
    const plan = database
      .prepare(
        'EXPLAIN QUERY PLAN SELECT rowid FROM record WHERE expires_at <= 1 ORDER BY expires_at',
      )
      .all();
    database.close();
    expect(plan).toHaveLength(1);
    expect(plan[0]).toMatchObject({
      detail: expect.stringContaining('record_by_expiry') as string,
    });
  });

  const wrong: readonly (readonly [string, (path: string) => void, string])[] = [
    ['is not a database', (path) => writeFileSync(path, 'x'.repeat(5000)), 'not a SQLite database'],
    ['is a directory', (path) => mkdirSync(path), 'is a directory'],
    ['is another program\u2019s', anotherPrograms, "another program's database"],
    ['is of another version', ofAnotherVersion, 'its schema is 2, this one knows 1'],
  ];

  test.each(wrong)('is refused, and left alone, if it %s', async (_what, make, message) => {
    const path = newPath();
    make(path);
    const store = sqliteStore(path);
    await expect(store.claim(request('a'))).rejects.toThrow(message);
    await expect(store.check()).rejects.toThrow(path);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test('can be in a directory that comes to exist later', async () => {
    const directory = join(folder, 'later');
    const store = sqliteStore(join(directory, 'a.db'));
    await expect(store.claim(request('a'))).rejects.toThrow('its directory does not exist');
    mkdirSync(directory);
    expect(await store.claim(request('a'))).toMatchObject({ kind: 'claimed' });
    await store.close();
  });
});

describe('a SQLite store', () => {
  test('that is closed has done what was asked before, and does nothing more', async () => {
    const path = newPath();
    const store = sqliteStore(path);
    const claims = Array.from({ length: 2500 }, (_, at) => store.claim(request(`${at}`)));
    await store.close();
    expect(store.snapshot()).toMatchObject({ steps: 2500, waiting: 0 });
    expect(new Set((await Promise.all(claims)).map(({ kind }) => kind))).toEqual(
      new Set(['claimed']),
    );
    expect(existsSync(`${path}-wal`)).toBe(false);
    await expect(store.claim(request('b'))).rejects.toThrow('is closed');
    await expect(store.release(request('b'))).rejects.toThrow('is closed');
  });

  test('that was never used makes no file', async () => {
    const path = newPath();
    await sqliteStore(path).close();
    expect(existsSync(path)).toBe(false);
  });

  test('stays with its file wherever the process goes', async () => {
    const before = process.cwd();
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    try {
      process.chdir(folder);
      const store = sqliteStore('relative.db');
      process.chdir(elsewhere);
      await store.claim(request('a'));
      process.chdir(before);
      await store.claim(request('b'));
      expect(existsSync(join(folder, 'relative.db'))).toBe(true);
      await store.close();
    } finally {
      process.chdir(before);
    }
  });

  test('says what is wrong with its options', () => {
    for (const path of ['', ':memory:', 'file:a.db', 'a\0b', undefined, 7]) {
      expect(() => sqliteStore({ path } as never)).toThrow('sqliteStore.path must be');
    }
    expect(() => sqliteStore(undefined as never)).toThrow('sqliteStore.path must be');
    expect(() => sqliteStore({ path: 'a', maxPageCount: 1 })).toThrow(
      'sqliteStore.maxPageCount must be a whole number from 16 to 4294967294, got 1',
    );
    expect(() => sqliteStore({ path: 'a', busyTimeout: '2m' })).toThrow('sqliteStore.busyTimeout');
    expect(() => sqliteStore({ path: 'a', maxPages: 1 } as never)).toThrow('maxPages');
  });

  test('warns of what endangers its records', () => {
    const well = { journalMode: 'wal', synchronous: 2, filesystem: 0xef53 };
    expect(warningsOf(well, '/a.db')).toEqual([]);
    expect(warningsOf({ ...well, filesystem: null }, '/a.db')).toEqual([]);
    expect(warningsOf({ ...well, journalMode: 'delete' }, '/a.db').join()).toContain('delete');
    expect(warningsOf({ ...well, synchronous: 1 }, '/a.db').join()).toContain('power cut');
    expect(warningsOf({ ...well, filesystem: 0x6969 }, '/a.db').join()).toContain('NFS');
    const all = warningsOf({ journalMode: 'delete', synchronous: 0, filesystem: 0x01021994 }, 'a');
    expect(all).toHaveLength(3);
    for (const warning of all) expect(warning).toMatch(/^The SQLite store a .*\.$/);
  });
});

function anotherPrograms(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('CREATE TABLE theirs (a)');
  database.close();
}

function ofAnotherVersion(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA application_id = 0x686f6c64; PRAGMA user_version = 2');
  database.close();
}
