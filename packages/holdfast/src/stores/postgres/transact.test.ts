import type { Pool } from 'pg';
import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';
import {
  type Asked,
  askIn,
  byPg,
  CLIENTS,
  type Connected,
  isGone,
  request,
  serverWithEffects,
} from '../../../test/postgres.ts';
import { postgresStore } from './postgres.ts';

const server = serverWithEffects();

/** The work of these tests: a row in the same database. */
const effect = (tx: unknown, id: string) => askIn(tx, `insert into effects values ('${id}')`);
const done = (id: string, result: string | null = '"kept"') => ({
  work: async (tx: unknown) => {
    await effect(tx, id);
    return { result, value: id };
  },
});
const LOST = /connection|terminat|ECONNRESET/i;

describe.each(CLIENTS)('a transaction by %s', (_name, connect) => {
  const MAX = 4;
  let connected: Connected;
  let store: Connected['store'];
  beforeEach(() => {
    connected = connect(server().url, MAX);
    ({ store } = connected);
  });
  afterEach(() => connected.end());

  const effectsOf = async (id: string): Promise<number> =>
    (await connected.ask(`select from effects where id = '${id}'`)).length;
  /** All connections can be had at once, and none is in a transaction. */
  const hasAllConnections = async (): Promise<void> => {
    const asked = Array.from({ length: MAX }, () =>
      connected.ask('select txid_current_if_assigned() as open, pg_sleep(0.05)'),
    );
    for (const [row] of await Promise.all(asked)) expect(row).toMatchObject({ open: null });
    const open = await connected.ask(
      `select from pg_stat_activity where state like 'idle in transaction%'`,
    );
    expect(open).toEqual([]);
  };

  test('keeps effect and result together, and answers repeats with the result', async () => {
    const asked = request();
    const { work } = done(asked.id);
    expect(await store.transact(asked, work)).toEqual({ kind: 'done', value: asked.id });
    const repeat = { ...asked, token: 'another' };
    const completed = { kind: 'completed', result: '"kept"', expiresIn: expect.any(Number) };
    expect(await store.transact(repeat, work)).toEqual(completed);
    expect(await store.claim(repeat)).toEqual(completed);
    expect(await effectsOf(asked.id)).toBe(1);
    await hasAllConnections();
  });

  test('keeps the result for the retention since the work was done, not since it began', async () => {
    const asked = request({ retention: 60_000 });
    let during = '';
    await store.transact(asked, async (tx) => {
      const [row] = await askIn(tx, 'select clock_timestamp()::text as at');
      during = String(row!['at']);
      return { result: '1', value: 1 };
    });
    const isKept = `id = '${asked.id}' and expires_at > timestamptz '${during}' + '1 min'`;
    expect(await connected.ask(`select from holdfast_idempotency where ${isKept}`)).toHaveLength(1);
  });

  test('rolls back and rejects with what work throws', async () => {
    const asked = request();
    const reason = new Error('declined');
    const thrown = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      throw reason;
    });
    await expect(thrown).rejects.toBe(reason);
    expect(await effectsOf(asked.id)).toBe(0);
    expect(await store.transact(asked, done(asked.id).work)).toMatchObject({ kind: 'done' });
    await hasAllConnections();
  });

  test('rolls back without a result, which is a release', async () => {
    const asked = request();
    const { work } = done(asked.id, null);
    expect(await store.transact(asked, work)).toEqual({ kind: 'done', value: asked.id });
    expect(await effectsOf(asked.id)).toBe(0);
    expect(await store.claim(asked)).toMatchObject({ kind: 'claimed' });
    await hasAllConnections();
  });

  test('answers how the key stands, and does no work, unless it may be had', async () => {
    const work = vi.fn<() => Promise<never>>();
    const leased = request();
    await store.claim(leased);
    expect(await store.transact(leased, work)).toEqual({
      kind: 'in-progress',
      leaseLeft: expect.any(Number),
    });
    const other = { ...leased, fingerprint: 'something-else' };
    expect(await store.transact(other, work)).toEqual({ kind: 'mismatch' });
    await store.extend(leased, 0);
    expect(await store.transact(leased, work)).toEqual({ kind: 'unknown' });
    expect(await store.transact(other, work)).toEqual({ kind: 'mismatch' });
    await store.complete(leased, '1', 60_000);
    expect(await store.transact(leased, work)).toMatchObject({ kind: 'completed', result: '1' });
    expect(await store.transact(other, work)).toEqual({ kind: 'mismatch' });
    expect(work).not.toHaveBeenCalled();
    await hasAllConnections();
  });

  test('takes the place of a record that has expired', async () => {
    const asked = request({ lease: 1, retention: 1 });
    await store.claim(asked);
    await store.checkpoint(asked, { name: 'a', value: '1' }, 1);
    await vi.waitFor(
      async () => {
        const kept = { ...asked, retention: 60_000 };
        const answer = await store.transact(kept, done(asked.id).work);
        expect(answer).toMatchObject({ kind: 'done' });
      },
      { timeout: 20_000, interval: 5 },
    );
    const other = { ...asked, fingerprint: 'something-else' };
    expect(await store.claim(other)).toEqual({ kind: 'mismatch' });
    expect(await store.claim(asked)).toMatchObject({ kind: 'completed', result: '"kept"' });
    expect(await effectsOf(asked.id)).toBe(1);
  });

  test('of 50 duplicates at once does the work once, and none waits for it', async () => {
    const asked = request();
    const others = Promise.withResolvers<void>();
    let answered = 0;
    const kinds = Array.from({ length: 50 }, async () => {
      const { kind } = await store.transact(asked, async (tx) => {
        await effect(tx, asked.id);
        await others.promise;
        return { result: '1', value: 1 };
      });
      if (++answered === 49) others.resolve();
      return kind;
    });
    expect((await Promise.all(kinds)).toSorted()).toEqual([
      'done',
      ...Array.from({ length: 49 }, () => 'in-progress'),
    ]);
    expect(await effectsOf(asked.id)).toBe(1);
    await hasAllConnections();
  });

  test('keeps nothing if a lease was claimed while it ran', async () => {
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      expect(await store.claim(asked)).toMatchObject({ kind: 'claimed' });
      return await done(asked.id).work(tx);
    });
    await expect(transacted).rejects.toThrow('claimed in leased mode meanwhile');
    expect(await effectsOf(asked.id)).toBe(0);
    expect(await store.complete(asked, '1', 60_000)).toBe(true);
    await hasAllConnections();
  });

  test('keeps no result outside of its transaction', async () => {
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      await askIn(tx, 'rollback');
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow('the transaction has ended before the work');
    expect(await store.claim(asked)).toMatchObject({ kind: 'claimed' });
    await hasAllConnections();
  });

  test('keeps nothing after a statement that failed, even if work did not mind', async () => {
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      await askIn(tx, 'select 1 / 0').catch(() => {});
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow(/aborted|division by zero/);
    expect(await effectsOf(asked.id)).toBe(0);
    expect(await store.claim(asked)).toMatchObject({ kind: 'claimed' });
    await hasAllConnections();
  });

  test('keeps nothing if the commit is refused', async () => {
    await connected.ask(
      'create table if not exists strict (id text unique deferrable initially deferred)',
    );
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      await askIn(tx, `insert into strict values ('${asked.id}'), ('${asked.id}')`);
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow('duplicate key');
    expect(await effectsOf(asked.id)).toBe(0);
    expect(await store.claim(asked)).toMatchObject({ kind: 'claimed' });
    await hasAllConnections();
  });

  test('keeps nothing if its connection is lost while it asks', async () => {
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      await askIn(tx, 'select pg_terminate_backend(pg_backend_pid()), pg_sleep(20)');
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow(LOST);
    await becomesDone(asked);
  });

  test('keeps nothing if its connection is lost in between, nor does what work asks later', async () => {
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      const [me] = await askIn(tx, 'select pg_backend_pid() as pid');
      const gone = isGone(tx, transacted);
      await connected.ask(`select pg_terminate_backend(${String(me!['pid'])}, 20000)`);
      await gone;
      await expect(effect(tx, asked.id)).rejects.toThrow(LOST);
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow(LOST);
    await becomesDone(asked);
  });

  test('rejects as soon as its connection is lost, while its work is busy with something else', async () => {
    const asked = request();
    const busy = Promise.withResolvers<{ result: string; value: number }>();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      const [me] = await askIn(tx, 'select pg_backend_pid() as pid');
      await connected.ask(`select pg_terminate_backend(${String(me!['pid'])}, 20000)`);
      return busy.promise;
    });
    await expect(transacted).rejects.toThrow(LOST);
    busy.resolve({ result: '1', value: 1 });
    await becomesDone(asked);
  });

  /** The first to use the client again may still be told of the connection that was lost. */
  async function becomesDone(asked: Asked): Promise<void> {
    await vi.waitFor(
      async () => {
        const answer = await store.transact(asked, done(asked.id).work);
        expect(answer).toMatchObject({ kind: 'done' });
      },
      { timeout: 20_000, interval: 10 },
    );
    await vi.waitFor(hasAllConnections, { timeout: 20_000, interval: 10 });
    expect(await effectsOf(asked.id)).toBe(1);
  }

  test('gives every connection back after 200 failures', async () => {
    const ends = Array.from({ length: 200 }, async (_, at) => {
      await store.transact(request(), async (tx) => {
        if (at % 3 === 0) throw new Error('declined');
        if (at % 3 === 1) await askIn(tx, 'select 1 / 0');
        await askIn(tx, 'select 1 / 0').catch(() => {});
        return { result: '1', value: at };
      });
    });
    const settled = await Promise.allSettled(ends);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    await hasAllConnections();
  });
});

describe('a transaction by pg', () => {
  test('releases its connection once, and destroys it unless it is known to be clean', async () => {
    const { client, end } = byPg(server().url, 1);
    const pool = client as Pool;
    const released: unknown[] = [];
    const connect = async () => {
      const connection = await pool.connect();
      const release = connection.release.bind(connection);
      connection.release = (destroy) => (released.push(destroy), release(destroy));
      return connection;
    };
    const store = postgresStore({ query: pool.query.bind(pool), connect });
    const listeners = async (): Promise<number> => {
      const connection = await pool.connect();
      const count = connection.listenerCount('error');
      connection.release();
      return count;
    };
    const before = await listeners();
    await store.transact(request(), () => Promise.resolve({ result: '1', value: 1 }));
    await store.transact(request(), () => Promise.resolve({ result: null, value: 1 }));
    await store.transact(request(), () => Promise.reject(new Error('no'))).catch(() => {});
    expect(released).toEqual([false, false, false]);
    expect(await listeners()).toBe(before);

    const lost = store.transact(request(), (tx) =>
      tx.query('select pg_terminate_backend(pg_backend_pid())').then(() => ({
        result: '1',
        value: 1,
      })),
    );
    await expect(lost).rejects.toThrow(LOST);
    expect(released).toEqual([false, false, false, true]);
    expect(pool.totalCount).toBe(0);
    await end();
  });

  test('rejects if its commit became a rollback', async () => {
    const release = vi.fn<() => void>();
    const connection = {
      query: ({ text }: { text: string }) => {
        const command = text === 'COMMIT' ? 'ROLLBACK' : text.slice(0, 6);
        return Promise.resolve({ rows: [{ answer: null }], rowCount: 1, command });
      },
      on: () => {},
      removeListener: () => {},
      release,
    };
    const connect = () => Promise.resolve(connection);
    const store = postgresStore({ query: connection.query, connect });
    const transacted = store.transact(request(), () => Promise.resolve({ result: '1', value: 1 }));
    await expect(transacted).rejects.toThrow('the transaction was rolled back');
    expect(release).toHaveBeenCalledOnce();
  });
});
