import pg from 'pg';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { storeConformance } from '../../../../../test/conformance/idempotency-store.ts';
import { type PostgresServer, startPostgres } from '../../../../../test/servers/postgres.ts';
import { Problems } from '../../core/options.ts';
import type { Transacted } from '../../idempotency/store.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import { byPg, CLIENTS, request } from '../../../test/postgres.ts';
import { migrate } from './migrate.ts';
import { tableOption } from './options.ts';
import { postgresStore } from './postgres.ts';
import { statementsOf } from './statements.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({ fsync: false });
  const { client, end } = byPg(server.url);
  await migrate(client);
  await end();
});
afterAll(() => server.stop());

for (const [name, connect] of CLIENTS) {
  storeConformance(`PostgreSQL by ${name}`, {
    reaps: true,
    open: async () => {
      const [one, another] = [connect(server.url), connect(server.url, 4, { prepare: false })];
      const close = async (): Promise<void> => {
        await Promise.all([one.end(), another.end()]);
      };
      return { store: one.store, other: another.store, close };
    },
  });

  test(`one of 16 connections has a key that all ask for at once, by ${name}`, async () => {
    const all = Array.from({ length: 16 }, () => connect(server.url, 1));
    await Promise.all(all.map(({ ask }) => ask('select 1')));
    for (let round = 0; round < 50; round++) {
      const { id } = request();
      const claims = await Promise.all(all.map(({ store }) => store.claim(request({ id }))));
      const kinds = claims.map(({ kind }) => kind).toSorted();
      expect(kinds).toEqual(['claimed', ...Array.from({ length: 15 }, () => 'in-progress')]);
    }
    await Promise.all(all.map(({ end }) => end()));
  });
}

describe('the store', () => {
  test('sees what was committed while it waited for whoever was faster', async () => {
    const { store, ask, end } = byPg(server.url);
    const rival = byPg(server.url, 1);
    const { id, fingerprint } = request();
    await rival.ask('begin');
    await rival.ask(
      `select holdfast_idempotency_claim('${id}', 'x', '${fingerprint}', 9e4, 9e4, '')`,
    );
    const waiting = store.claim(request({ id }));
    await waitsForALock(ask);
    await rival.ask('commit');
    expect(await waiting).toMatchObject({ kind: 'in-progress' });
    await Promise.all([end(), rival.end()]);
  });

  test('asks again when it was refused for what others did, as stricter isolation has it', async () => {
    const { ask, end } = byPg(server.url);
    const [rival, strict] = [byPg(server.url, 1), byPg(server.url, 1)];
    await strict.ask(`set default_transaction_isolation = 'repeatable read'`);
    const { id, fingerprint } = request();
    await rival.ask('begin');
    await rival.ask(
      `select holdfast_idempotency_claim('${id}', 'x', '${fingerprint}', 9e4, 9e4, '')`,
    );
    const waiting = strict.store.claim(request({ id }));
    await waitsForALock(ask);
    await rival.ask('commit');
    expect(await waiting).toMatchObject({ kind: 'in-progress' });
    await Promise.all([end(), rival.end(), strict.end()]);
  });

  test('finds what has expired by the index, however much else there is', async () => {
    const { client, ask, end } = byPg(server.url);
    await migrate(client, { table: 'large' });
    await ask(`
      insert into large (id, fingerprint, expires_at)
      select n::text, 'x', now() + n * interval '1 minute' from generate_series(-10, 20000) as n`);
    await ask('analyze large');
    const { text } = statementsOf(tableOption.table.parse('large', '', new Problems())).reap;
    const plan = JSON.stringify(await ask(`explain ${text.replace('$1', '10')}`));
    expect(plan).toContain('Index Scan using large_expires_at_idx');
    expect(plan).toContain('Index Cond: (expires_at <=');
    expect(plan).not.toContain('Seq Scan');
    await end();
  });

  test('reaps what others do not reap already, and waits for nobody', async () => {
    const { client, ask, end } = byPg(server.url);
    await migrate(client, { table: 'reaped' });
    await ask(`
      insert into reaped (id, fingerprint, expires_at)
      select n::text, 'x', now() - interval '1 day' from generate_series(1, 1000) as n`);
    const rival = byPg(server.url, 1);
    await rival.ask('begin; select from reaped limit 10 for update');
    const store = postgresStore(client, { table: 'reaped' });
    const counts = await Promise.all(Array.from({ length: 4 }, () => store.reap(300)));
    expect(counts.reduce((sum, count) => sum + count)).toBe(990);
    await rival.ask('rollback');
    expect(await store.reap(300)).toBe(10);
    await Promise.all([end(), rival.end()]);
  });

  test.each(CLIENTS)('on a full disk tells the keys that it has, by %s', async (name, connect) => {
    const table = `full_${name.replace('.', '_')}`;
    const { client, ask, end } = connect(server.url, 1);
    await migrate(client, { table });
    const store = postgresStore(client, { table });
    const kept = request();
    await store.claim(kept);
    await store.complete(kept, '1', 60_000);
    await ask(`
      create function ${table}_fill() returns trigger language plpgsql as
        $$ begin raise 'No space left on device' using errcode = 'disk_full'; end $$;
      create trigger full_disk after insert on ${table}
        for each row execute function ${table}_fill();`);
    await expect(store.claim(request())).rejects.toThrow(StoreFullError);
    expect(await store.claim({ ...kept, token: 'another' })).toMatchObject({ kind: 'completed' });
    await end();
  });

  test.each(CLIENTS)('without its table says what to do, by %s', async (_name, connect) => {
    const { store, end } = connect(server.url, 1, { table: 'nowhere' });
    const message =
      /the table 'nowhere' is not there.*run migrate\(client, \{ table: 'nowhere' \}\)/;
    await expect(store.claim(request())).rejects.toThrow(message);
    await expect(store.extend(request(), 1)).rejects.toThrow(message);
    await expect(
      store.transact(request(), () => Promise.resolve({ result: '1', value: 1 })),
    ).rejects.toThrow(message);
    await end();
  });

  test('behind a pooler that loses its prepared statements says what to do', async () => {
    const { store, ask, end } = byPg(server.url, 1);
    await store.claim(request());
    await ask('deallocate all');
    await expect(store.claim(request())).rejects.toThrow(/does not exist: .*prepare: false/);
    await end();
  });

  test('takes no silence for an answer: behind such a pooler, postgres.js does', async () => {
    const silence = Object.assign([], { count: null, command: null });
    const client = { unsafe: () => Promise.resolve(silence), begin: () => Promise.resolve() };
    const store = postgresStore(client as never);
    await expect(store.claim(request())).rejects.toThrow('prepare: false');
    await expect(store.complete(request(), '1', 60_000)).rejects.toThrow('prepare: false');
  });

  test('does not mind what its client calls columns', async () => {
    const client = postgres(server.url, { max: 1, onnotice: () => {}, transform: postgres.pascal });
    expect(await migrate(client)).toEqual([]);
    const store = postgresStore(client);
    const asked = request();
    expect(await store.claim(asked)).toEqual({ kind: 'claimed', attempt: 1, points: [] });
    const inTransaction = store.transact(asked, () => Promise.reject(new Error('not its own')));
    expect(await inTransaction).toMatchObject({ kind: 'in-progress' });
    expect(await postgresStore(client, { table: 'nowhere' }).check()).toEqual([
      expect.stringContaining('not there'),
      expect.stringContaining('`fsync`'),
    ]);
    await client.end();
  });

  test('does not mind what its client makes of values', async () => {
    const types = { getTypeParser: () => (value: unknown) => value };
    const client = new pg.Pool({ connectionString: server.url, max: 1, types });
    // Its end does not wait for the server's, which may then end it first.
    client.on('error', () => {});
    const store = postgresStore(client);
    const asked = request();
    expect(await store.claim(asked)).toEqual({ kind: 'claimed', attempt: 1, points: [] });
    expect(await store.complete(asked, '1', 60_000)).toBe(true);
    expect(await store.check()).toEqual([expect.stringContaining('`fsync`')]);
    await client.end();
  });

  test('does nothing again where its client makes something else of texts, and says why', async () => {
    const transform = { value: { from: wrapped } };
    const client = postgres(server.url, { max: 1, onnotice: () => {}, transform });
    const store = postgresStore(client);
    const plain = byPg(server.url, 1);
    const asked = request();
    await plain.store.claim(asked);
    await plain.store.complete(asked, '1', 60_000);
    const work = vi.fn<() => Promise<Transacted<unknown>>>();
    const message = 'its client has made something else of a text';
    await expect(store.transact(asked, work)).rejects.toThrow(message);
    await expect(store.claim(asked)).rejects.toThrow(message);
    expect(work).not.toHaveBeenCalled();
    await Promise.all([client.end(), plain.end()]);
  });

  test.each([
    ['a URL', 'postgres://127.0.0.1', 'got "postgres://127.0.0.1"'],
    ['nothing', undefined, 'got undefined'],
    ['half a pool', { query: () => {} }, 'got an object'],
    ['half of postgres.js', Object.assign(() => {}, { unsafe: () => {} }), 'got a function'],
  ])('refuses %s as a client', (_what, client, got) => {
    const message = `postgresStore needs a pg.Pool or the sql function of postgres.js, ${got}`;
    expect(() => postgresStore(client as never)).toThrow(new TypeError(message));
  });

  test('refuses a single connection for transactions', async () => {
    const one = new pg.Client({ connectionString: server.url });
    const store = postgresStore({ query: one.query.bind(one), connect: one.connect.bind(one) });
    const transacted = store.transact(request(), () => Promise.resolve({ result: '1', value: 1 }));
    await expect(transacted).rejects.toThrow(TypeError);
    await one.end();
  });
});

/** What a client may be set up to make of texts. */
const wrapped = (value: unknown) => (typeof value === 'string' ? { value } : value);

/** Until another session waits for a transaction to end. */
async function waitsForALock(ask: (text: string) => Promise<readonly unknown[]>): Promise<void> {
  const waiting = `select from pg_stat_activity where wait_event_type = 'Lock'`;
  for (const deadline = performance.now() + 20_000; (await ask(waiting)).length === 0;) {
    if (performance.now() > deadline) throw new Error('nobody waits');
  }
}
