import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../../test/servers/postgres.ts';
import { byPg, byPostgresJs, type Connected, request } from '../../../test/postgres.ts';
import { migrate } from './migrate.ts';
import { postgresStore } from './postgres.ts';

let server: PostgresServer;
let connected: Connected;

beforeAll(async () => {
  server = await startPostgres();
  connected = byPg(server.url, 1);
  await migrate(connected.client);
});
afterAll(async () => {
  await connected.end();
  await server.stop();
});

describe('check', () => {
  test('is content with the defaults of PostgreSQL, by either client', async () => {
    expect(await connected.store.check()).toEqual([]);
    const other = byPostgresJs(server.url, 1);
    expect(await other.store.check()).toEqual([]);
    await other.end();
  });

  test('warns if the table is not there', async () => {
    const store = postgresStore(connected.client, { table: 'nowhere' });
    expect(await store.check()).toEqual([
      'The table is not there, or cannot be seen: run `migrate`.',
    ]);
  });

  test('warns if the table is unlogged', async () => {
    await migrate(connected.client, { table: 'unlogged' });
    await connected.ask('alter table unlogged set unlogged');
    const store = postgresStore(connected.client, { table: 'unlogged' });
    expect(await store.check()).toEqual([expect.stringContaining('unlogged')]);
  });

  test('warns of a user who may not write, or whom policies keep from records', async () => {
    const { client, ask, store, end } = byPg(server.url, 1, { table: 'guarded' });
    await migrate(client, { table: 'guarded' });
    await ask('create role writer; grant select, insert, update on guarded to writer');
    await ask('set role writer');
    expect(await store.check()).toEqual([expect.stringContaining('may not `select`, `insert`')]);
    await ask('reset role; grant delete on guarded to writer; set role writer');
    expect(await store.check()).toEqual([]);
    await ask('reset role; alter table guarded enable row level security; set role writer');
    expect(await store.check()).toEqual([expect.stringContaining('Row-level security')]);
    await end();
  });

  test('warns of a user who may not execute the functions, as where that was taken from all', async () => {
    const { client, ask, store, end } = byPg(server.url, 1, { table: 'Hardened' });
    await migrate(client, { table: 'Hardened' });
    await ask('revoke execute on all functions in schema public from public; create role hardened');
    await ask('grant select, insert, update, delete on "Hardened" to hardened; set role hardened');
    expect(await store.check()).toEqual([expect.stringContaining('may not `execute`')]);
    await expect(store.claim(request())).rejects.toThrow('permission denied for function');
    await ask('reset role; grant execute on all functions in schema public to hardened');
    await ask('set role hardened');
    expect(await store.check()).toEqual([]);
    expect(await store.claim(request())).toMatchObject({ kind: 'claimed' });
    await end();
  });

  test('warns of a database that cannot keep every character', async () => {
    const like = `template template0 lc_collate 'C' lc_ctype 'C'`;
    await connected.ask(`create database western encoding 'LATIN1' ${like}`);
    const { client, store, end } = byPg(server.url.replace(/[^/]*$/, 'western'), 1);
    await migrate(client);
    expect(await store.check()).toEqual([expect.stringContaining('not `UTF8`')]);
    const asked = request();
    await store.claim(asked);
    await expect(store.complete(asked, '"日本"', 60_000)).rejects.toThrow('has no equivalent');
    await end();
  });

  test.each([
    ['synchronous_commit', 'off'],
    ['default_transaction_read_only', 'on'],
    ['default_transaction_isolation', 'serializable'],
    ['default_transaction_isolation', "'repeatable read'"],
  ])('warns of a session of which %s is %s', async (setting, value) => {
    await connected.ask(`set ${setting} = ${value}`);
    expect(await connected.store.check()).toEqual([expect.stringContaining(`\`${setting}\``)]);
    await connected.ask(`reset ${setting}`);
  });

  test('warns of commits that do not wait for the standbys they are said to have', async () => {
    const settings = { synchronous_standby_names: 'one', synchronous_commit: 'local' };
    const replicated = await startPostgres({ settings });
    const { client, ask, store, end } = byPg(replicated.url, 1);
    await migrate(client);
    expect(await store.check()).toEqual([expect.stringContaining('is `local`')]);
    await ask('set synchronous_commit = remote_write');
    expect(await store.check()).toEqual([]);
    await end();
    await replicated.stop();
  });

  test('warns of a server that may forget', async () => {
    const careless = await startPostgres({ fsync: false, settings: { full_page_writes: 'off' } });
    const { client, store, end } = byPg(careless.url);
    await migrate(client);
    expect(await store.check()).toEqual([
      expect.stringContaining('`fsync`'),
      expect.stringContaining('`full_page_writes`'),
    ]);
    await end();
    await careless.stop();
  });
});
