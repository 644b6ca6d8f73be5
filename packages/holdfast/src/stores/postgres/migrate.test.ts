import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../../../../test/servers/postgres.ts';
import { byPg, CLIENTS, type Connected, request } from '../../../test/postgres.ts';
import { migrate } from './migrate.ts';
import { postgresStore } from './postgres.ts';

let server: PostgresServer;
let connected: Connected;

beforeAll(async () => {
  server = await startPostgres({ fsync: false });
  connected = byPg(server.url, 16);
});
afterAll(async () => {
  await connected.end();
  await server.stop();
});

const worksWith = async (table?: string): Promise<void> => {
  const store = postgresStore(connected.client, { table });
  expect(await store.claim(request())).toEqual({ kind: 'claimed', attempt: 1, points: [] });
  expect(await store.reap(1)).toBe(0);
};

describe('migrate', () => {
  test('creates the default table, once', async () => {
    const migrations = readdirSync(new URL('migrations', import.meta.url)).toSorted();
    expect(await migrate(connected.client)).toEqual(migrations);
    await worksWith();
    expect(await migrate(connected.client)).toEqual([]);
    await worksWith();
  });

  test.each(CLIENTS)('may be called by many at once, by %s', async (name, connect) => {
    const table = `many_${name.replace('.', '_')}`;
    const clients = Array.from({ length: 8 }, () => connect(server.url, 1));
    const ran = await Promise.all(clients.map(({ client }) => migrate(client, { table })));
    expect(ran.toSorted((a, b) => a.length - b.length)).toEqual([
      ...Array.from({ length: 7 }, () => []),
      ['0001-records.sql'],
    ]);
    await worksWith(table);
    await Promise.all(clients.map(({ end }) => end()));
  });

  test('may be called by many at once where transactions see no later commits', async () => {
    const clients = Array.from({ length: 8 }, () => byPg(server.url, 1));
    const table = 'strict';
    const ran = clients.map(async ({ client, ask }) => {
      await ask(`set default_transaction_isolation = 'repeatable read'`);
      return migrate(client, { table });
    });
    expect((await Promise.all(ran)).flat()).toEqual(['0001-records.sql']);
    await Promise.all(clients.map(({ end }) => end()));
  });

  test.each([
    'Orders_Done',
    'select',
    'a'.repeat(52),
    'expired',
    'payments.keys',
    'Payments.Select',
  ])('creates a table of another name: %s', async (table) => {
    const schema = table.split('.').at(-2);
    if (schema !== undefined) await connected.ask(`create schema "${schema}"`);
    await migrate(connected.client, { table });
    await worksWith(table);
    const store = postgresStore(connected.client, { table });
    const transacted = store.transact(request(), () =>
      Promise.resolve({ result: '1', value: 'done' }),
    );
    expect(await transacted).toEqual({ kind: 'done', value: 'done' });
  });

  test('needs no right to create anything where nothing is left to be done', async () => {
    await migrate(connected.client, { table: 'ready' });
    await connected.ask('create role reader; grant select on ready_migrations to reader');
    // Everybody might, before version 15.
    await connected.ask('revoke create on schema public from public');
    const reader = byPg(server.url, 1);
    await reader.ask('set role reader');
    expect(await migrate(reader.client, { table: 'ready' })).toEqual([]);
    await expect(migrate(reader.client, { table: 'other' })).rejects.toThrow('permission denied');
    await reader.end();
  });

  test('creates in the first schema of the search path, whatever others have', async () => {
    await migrate(connected.client, { table: 'shared' });
    await connected.ask('create schema tenant');
    const tenant = byPg(server.url, 1);
    await tenant.ask('set search_path = tenant, public');
    expect(await migrate(tenant.client, { table: 'shared' })).toEqual(['0001-records.sql']);
    expect(await migrate(tenant.client, { table: 'shared' })).toEqual([]);
    await tenant.end();
  });

  test('keeps tables apart', async () => {
    await migrate(connected.client, { table: 'left' });
    await migrate(connected.client, { table: 'right' });
    const same = request();
    for (const table of ['left', 'right']) {
      const store = postgresStore(connected.client, { table });
      expect(await store.claim(same)).toMatchObject({ kind: 'claimed' });
    }
  });

  test('leaves nothing behind when it fails', async () => {
    await connected.ask('create table half_claim (id text); create type half as (id text)');
    await expect(migrate(connected.client, { table: 'half' })).rejects.toThrow(/half/);
    const left = await connected.ask(`select from pg_class where relname = 'half_migrations'`);
    expect(left).toEqual([]);
  });

  test('says what the server says where there is no such schema', async () => {
    const migrated = migrate(connected.client, { table: 'nowhere.keys' });
    await expect(migrated).rejects.toThrow('schema "nowhere" does not exist');
  });
});

describe('the name of a table', () => {
  const range =
    "table must be a name like 'table' or 'schema.table', of letters, digits and underscores, at most 52 characters each";

  test.each([
    ['', RangeError],
    ['a b', RangeError],
    ['a"; drop table users; --', RangeError],
    ["a'b", RangeError],
    ['1a', RangeError],
    ['a.b.c', RangeError],
    ['a.', RangeError],
    ['.a', RangeError],
    ['a\n', RangeError],
    ['a'.repeat(53), RangeError],
    ['é', RangeError],
    [7, TypeError],
    [null, TypeError],
    [['a'], TypeError],
  ])('must be one: %j', async (given, kind) => {
    const options = { table: given as string };
    const makes = () => postgresStore(connected.client, options);
    expect(makes).toThrow(kind);
    expect(makes).toThrow(`postgresStore.${range}`);
    await expect(migrate(connected.client, options)).rejects.toThrow(kind);
    await expect(migrate(connected.client, options)).rejects.toThrow(`migrate.${range}`);
  });

  test('cannot be misspelt', () => {
    const wrong = { tabel: 'a' } as object;
    expect(() => postgresStore(connected.client, wrong)).toThrow(
      'postgresStore.tabel is not an option',
    );
  });
});
