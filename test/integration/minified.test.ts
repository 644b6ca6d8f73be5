import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { migrate as migrateOf, PostgresClient } from 'holdfast/postgres';
import type { RedisClient, redisStore as redisStoreOf } from 'holdfast/redis';
import { describe, expect, test } from 'vitest';

interface Bundler {
  build(options: object): Promise<{ readonly output: readonly [{ readonly code: string }] }>;
}

/** The one that Vitest itself runs on. */
const bundler = createRequire(import.meta.resolve('vitest'))('rolldown') as Bundler;

/** What these entries of the package export, as a bundle with short names for everything inside. */
async function minified(...entries: string[]): Promise<Readonly<Record<string, unknown>>> {
  const source = entries.map((entry) => `export * from '${entry}';`).join('\n');
  const { output } = await bundler.build({
    input: 'entry',
    plugins: [
      {
        name: 'entry',
        resolveId: (id: string) => (id === 'entry' ? `${import.meta.dirname}/entry.js` : null),
        load: (id: string) => (id.endsWith('/entry.js') ? source : null),
      },
    ],
    platform: 'node',
    output: { minify: true },
    write: false,
  });
  return (await import(`data:text/javascript,${encodeURIComponent(output[0].code)}`)) as Readonly<
    Record<string, unknown>
  >;
}

test('errors have their names in a bundle that has other names for their classes', async () => {
  const exported = await minified('holdfast', 'holdfast/idempotency');
  const classes = Object.entries(exported).filter(
    (entry): entry is [string, new () => Error] =>
      typeof entry[1] === 'function' && entry[1].prototype instanceof Error,
  );
  expect(classes.length).toBeGreaterThan(8);
  expect(classes.map(([name, { prototype }]) => [name, prototype.name])).toEqual(
    classes.map(([name]) => [name, name]),
  );
  expect(classes.every(([name, errorClass]) => errorClass.name === name)).toBe(false);
});

describe('a bundle, for which the files beside the code are lost, or one of them is taken for all of them', () => {
  test('has the scripts for Redis', async () => {
    const { redisStore } = (await minified('holdfast/redis')) as {
      redisStore: typeof redisStoreOf;
    };
    const ran: string[] = [];
    const run = async (text: string) => ran.push(text) && 1;
    const client = { set: noop, evalsha: knowsNone, eval: run } as unknown as RedisClient;
    await redisStore(client).release({ id: 'id', token: 'token' });
    expect(ran).toEqual([shipped('redis/release.lua')]);
  });

  test('has the migrations for PostgreSQL', async () => {
    const { migrate } = (await minified('holdfast/postgres')) as { migrate: typeof migrateOf };
    const ran: string[] = [];
    const query = async ({ text }: { readonly text: string }) => {
      ran.push(unquoted(text));
      return { rows: [], rowCount: 0, command: text.toUpperCase() };
    };
    const connection = { query, release: noop, on: noop, removeListener: noop };
    const pool = { query, connect: async () => connection } as unknown as PostgresClient;
    expect(await migrate(pool)).toEqual(['0001-records.sql']);
    expect(ran).toContain(unquoted(shipped('postgres/migrations/0001-records.sql')));
  });
});

function shipped(path: string): string {
  const stores = join(import.meta.dirname, '../../packages/holdfast/src/stores');
  return readFileSync(join(stores, path), 'utf8');
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}

async function knowsNone(): Promise<never> {
  throw new Error('NOSCRIPT No matching script.');
}

function noop(): void {}
