import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { request, rival, temporaryFolder } from '../../../test/sqlite-files.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import { type SqliteStore, type SqliteStoreOptions, sqliteStore } from './sqlite.ts';

const folder = temporaryFolder();
let files = 0;

/** Gives a test a store, and closes it. */
async function withStore(
  options: Partial<SqliteStoreOptions>,
  work: (store: SqliteStore, path: string) => Promise<void>,
): Promise<void> {
  const path = join(folder, `${files++}.db`);
  const store = sqliteStore({ path, ...options });
  try {
    await work(store, path);
  } finally {
    await store.close();
  }
}

describe('a group commit', () => {
  test('has at least ten claims of a hundred askers', async () => {
    await withStore({}, async (store) => {
      const asker = async (name: number) => {
        for (let at = 0; at < 20; at++) await store.claim(request(`${name}-${at}`));
      };
      await Promise.all(Array.from({ length: 100 }, (_, name) => asker(name)));
      const { commits, steps, waiting } = store.snapshot();
      expect({ steps, waiting }).toEqual({ steps: 2000, waiting: 0 });
      expect(commits).toBeLessThanOrEqual(200);
    });
  });

  test('takes what has arrived in one turn, whatever it asks', async () => {
    await withStore({}, async (store) => {
      await store.claim(request('a'));
      await store.complete(request('a'), '1', 60_000);
      await store.claim(request('b'));
      const { commits } = store.snapshot();
      const answers = await Promise.all([
        store.claim(request('c')),
        store.claim(rival('a')),
        store.claim(rival('b')),
        store.claim({ ...rival('b'), fingerprint: 'g' }),
        store.extend(request('b'), 60_000),
        store.release(rival('b')),
        store.reap(10),
      ]);
      expect(answers).toMatchObject([
        { kind: 'claimed' },
        { kind: 'completed', result: '1' },
        { kind: 'in-progress' },
        { kind: 'mismatch' },
        true,
        false,
        0,
      ]);
      expect(store.snapshot().commits).toBe(commits + 1);
    });
  });

  test('is durable before anything of it settles', async () => {
    await withStore({}, async (store, path) => {
      await store.check();
      const reader = new DatabaseSync(path);
      const count = reader.prepare('SELECT count(*) AS n FROM record');
      const seen: unknown[] = [];
      const claims = Array.from({ length: 50 }, async (_, at) => {
        await store.claim(request(`${at}`));
        seen.push(count.get()!['n']);
      });
      await Promise.all(claims);
      reader.close();
      expect(seen).toEqual(Array.from({ length: 50 }, () => 50));
    });
  });

  test('is large at most to a bound, and the rest comes in the next turn', async () => {
    await withStore({}, async (store) => {
      const claims = Array.from({ length: 2500 }, (_, at) => store.claim(request(`${at}`)));
      expect(store.snapshot().waiting).toBe(2500);
      await Promise.all(claims);
      expect(store.snapshot()).toEqual({ commits: 3, steps: 2500, waiting: 0 });
    });
  });

  test('refuses steps beyond those that may wait', async () => {
    await withStore({}, async (store) => {
      const claims = Array.from({ length: 10_000 }, (_, at) => store.reap(at));
      await expect(store.reap(1)).rejects.toThrow('10000 steps wait');
      await Promise.all(claims);
      expect(await store.reap(1)).toBe(0);
    });
  });
});

describe('a step that fails', () => {
  test('fails alone', async () => {
    await withStore({}, async (store) => {
      const answers = await Promise.allSettled([
        store.claim(request('a')),
        store.claim({ ...request('b'), fingerprint: {} as never }),
        store.claim(request('c')),
        store.claim(rival('a')),
      ]);
      expect(answers).toMatchObject([
        { value: { kind: 'claimed' } },
        { reason: { code: 'ERR_INVALID_ARG_TYPE' } },
        { value: { kind: 'claimed' } },
        { value: { kind: 'in-progress' } },
      ]);
      expect(await store.claim(request('b'))).toMatchObject({ kind: 'claimed' });
    });
  });

  test('costs the others a few commits more, and not one each', async () => {
    await withStore({}, async (store) => {
      await store.check();
      const { commits } = store.snapshot();
      const claims = Array.from({ length: 512 }, (_, at) =>
        store.claim(at === 300 ? { ...request('b'), fingerprint: {} as never } : request(`${at}`)),
      );
      const refused = (await Promise.allSettled(claims)).filter(
        ({ status }) => status === 'rejected',
      );
      expect(refused).toHaveLength(1);
      // The halves that it is not in: 256, 128, ... 1.
      expect(store.snapshot().commits - commits).toBe(9);
    });
  });

  test('for want of room leaves the others theirs, and its own once there is some', async () => {
    await withStore({ maxPageCount: 64 }, async (store) => {
      await store.claim(request('small'));
      const held = await fill(store);
      const [refused, replay, extended] = await Promise.allSettled([
        store.claim(request('x'.repeat(20_000))),
        store.claim(rival(held[0]!)),
        store.extend(request('small'), 30_000),
      ]);
      expect(refused).toMatchObject({
        reason: { message: expect.stringContaining('the disk is full') as string },
      });
      expect((refused as PromiseRejectedResult).reason).toBeInstanceOf(StoreFullError);
      expect(replay).toMatchObject({ value: { kind: 'in-progress' } });
      expect(extended).toMatchObject({ value: true });

      for (const id of held) expect(await store.release(request(id))).toBe(true);
      expect(await store.claim(request('x'.repeat(20_000)))).toMatchObject({ kind: 'claimed' });
      expect(await store.claim(rival('small'))).toMatchObject({ kind: 'in-progress' });
    });
  });

  test('because the file has gone is followed by one that makes it anew', async () => {
    await withStore({}, async (store, path) => {
      await store.claim(request('a'));
      for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file);
      await expect(store.claim(request('b'))).rejects.toThrow(`${path} was deleted or replaced`);
      expect(await store.claim(request('b'))).toMatchObject({ kind: 'claimed' });
    });
  });
});

describe('a store that is closed', () => {
  test('takes what comes of the steps that waited, one for each', async () => {
    await withStore({}, async (store, path) => {
      const later = async () => {
        await store.claim(request('a'));
        return [await store.release(request('a')), await reasonOf(store.reap(1))];
      };
      const answers = later();
      await store.close();
      expect(await answers).toEqual([true, new Error(`the SQLite store ${path} is closed`)]);
    });
  });

  test('takes the same of those that were committed just before, whose answers are still on their way', async () => {
    await withStore({}, async (store) => {
      const closing = async () => {
        await store.reap(1);
        await store.close();
      };
      const later = async () => {
        await store.claim(request('a'));
        return store.release(request('a'));
      };
      expect(await Promise.all([closing(), later()])).toEqual([undefined, true]);
    });
  });

  test('is so in the end also where it could never be opened', async () => {
    await withStore({ path: folder }, async (store) => {
      const later = async () => [await reasonOf(store.reap(1)), await reasonOf(store.reap(1))];
      const answers = later();
      await store.close();
      const reason = { message: expect.stringContaining('it is a directory') as string };
      expect(await answers).toMatchObject([reason, reason]);
    });
  });
});

const reasonOf = (step: number | Promise<number>): Promise<unknown> =>
  Promise.resolve(step).catch((error: unknown) => error);

describe('while another has the lock', () => {
  test('steps wait, the event loop does not, and all go into one commit', async () => {
    await withStore({ busyTimeout: '30s' }, async (store, path) => {
      await store.check();
      const { commits } = store.snapshot();
      const locker = new DatabaseSync(path);
      locker.exec('BEGIN IMMEDIATE');
      const claims = [store.claim(request('a'))];
      for (let turn = 0; turn < 3; turn++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        claims.push(store.claim(request(`${turn}`)));
      }
      expect(store.snapshot()).toMatchObject({ commits, waiting: 4 });
      locker.close();
      expect(await Promise.all(claims)).toMatchObject(claims.map(() => ({ kind: 'claimed' })));
      expect(store.snapshot().commits).toBe(commits + 1);
    });
  });

  test('steps reject in the end, and the next ones do not', async () => {
    await withStore({ busyTimeout: 50 }, async (store, path) => {
      await store.check();
      const locker = new DatabaseSync(path);
      locker.exec('BEGIN IMMEDIATE');
      const claims = await Promise.allSettled([
        store.claim(request('a')),
        store.claim(request('b')),
      ]);
      for (const claim of claims) {
        expect(claim).toMatchObject({
          reason: { message: expect.stringContaining('held its lock for too long') as string },
        });
      }
      locker.close();
      expect(await store.claim(request('a'))).toMatchObject({ kind: 'claimed', attempt: 1 });
    });
  });

  test('a store that is closed waits for it too', async () => {
    await withStore({ busyTimeout: '30s' }, async (store, path) => {
      await store.check();
      const locker = new DatabaseSync(path);
      locker.exec('BEGIN IMMEDIATE');
      const claim = store.claim(request('a'));
      const closed = store.close();
      await new Promise((resolve) => setTimeout(resolve, 30));
      locker.close();
      expect(await claim).toMatchObject({ kind: 'claimed' });
      await closed;
    });
  });
});

/** Claims keys of 20 kB until there is no room for another; those that it has. */
async function fill(store: SqliteStore): Promise<string[]> {
  const held: string[] = [];
  for (let at = 0; at < 100; at++) {
    const id = `${at}`.padEnd(20_000, 'x');
    const [claim] = await Promise.allSettled([store.claim(request(id))]);
    if (claim.status === 'rejected') return held;
    held.push(id);
  }
  throw new Error('there was room for all');
}
