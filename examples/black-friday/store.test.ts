import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startPostgres } from '../../test/servers/postgres.ts';
import { freePort } from '../../test/servers/process.ts';
import { startRedis } from '../../test/servers/redis.ts';
import { start } from './conductor.ts';
import { figuresOf } from './measure.ts';
import { planOf } from './plan.ts';
import { kindOf, openStore, tryStore } from './store.ts';

/** Two seconds: long enough for charges, repeats, and keys that are remembered. */
const BRIEF = planOf(1, 10, [
  ['healthy', 'healthy', 5],
  ['slow', 'slow', 5],
  ['down', 'down', 2],
  ['back', 'healthy', 4],
  ['after', 'healthy', 4],
]);

/** Nobody is charged twice who sends a key, whatever remembers it. */
async function seeNobodyChargedTwice(place: string): Promise<void> {
  const run = start(BRIEF, { store: place });
  onTestFinished(run.stop);
  await run.finished;
  const { naive, holdfast } = figuresOf(run.recording).lanes;
  expect(naive.doubleCharges).toBeGreaterThan(0);
  expect(holdfast.doubleCharges).toBe(0);
  expect(holdfast.paid).toBeGreaterThan(0);
}

describe('the provider remembers keys in', { timeout: 90_000 }, () => {
  test('a SQLite file that is named', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const place = `sqlite:${join(folder, 'keys.db')}`;
    expect(await tryStore(place)).toEqual([]);
    await seeNobodyChargedTwice(place);
    const { DatabaseSync } = await import('node:sqlite');
    const file = new DatabaseSync(join(folder, 'keys.db'));
    onTestFinished(() => file.close());
    const tables = file.prepare("select name from sqlite_master where type = 'table'").all();
    const counts = tables.map(({ name }) => file.prepare(`select count(*) as n from "${name}"`));
    expect(Math.max(...counts.map((count) => Number(count.get()!['n'])))).toBeGreaterThan(10);
  });

  test('Redis', async () => {
    const { url, stop } = await startRedis();
    onTestFinished(stop);
    expect(await tryStore(url)).toEqual([expect.stringContaining('appendonly')]);
    await seeNobodyChargedTwice(url);
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    expect(await redis.dbsize()).toBeGreaterThan(10);
  });

  test('PostgreSQL', async () => {
    const { url, stop } = await startPostgres();
    onTestFinished(stop);
    expect(await tryStore(url)).toEqual([]);
    await seeNobodyChargedTwice(url);
    const client = new pg.Client(url);
    await client.connect();
    onTestFinished(() => client.end());
    const { rows } = await client.query('select count(*)::int as n from holdfast_demo');
    expect(rows[0].n).toBeGreaterThan(10);
  });
});

describe('a store that', () => {
  test.each(['mysql://u:secret@h/x', 'sqlite', 'sqlite:', 'redis', 'postgres', '', '/keys.db'])(
    'is none is refused, and not repeated: %j',
    async (place) => {
      const message =
        '--store must be sqlite:PATH, redis://HOST:PORT or postgres://USER@HOST/DATABASE';
      expect(() => kindOf(place)).toThrow(new RangeError(message));
      await expect(openStore(place)).rejects.toThrow(message);
    },
  );

  test.each([
    ['sqlite:a', 'sqlite'],
    ['redis://h', 'redis'],
    ['rediss://h', 'redis'],
    ['postgres://h', 'postgres'],
    ['postgresql://h', 'postgres'],
  ])('is named %s is of %s', (place, kind) => expect(kindOf(place)).toBe(kind));

  test.each(['redis://u:secret@127.0.0.1', 'postgres://u:secret@127.0.0.1'])(
    'cannot be reached is said to be so, without its password: %s',
    async (origin) => {
      const place = `${origin}:${await freePort()}/0`;
      const failure: unknown = await tryStore(place).catch((error: unknown) => error);
      expect((failure as Error).message).toMatch(
        /^--store: (redis|postgres) cannot be reached, connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
      );
    },
  );
});
