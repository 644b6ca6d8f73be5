import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Asked,
  askIn,
  byPg,
  CLIENTS,
  type Connected,
  request,
  serverWithEffects,
} from '../../../test/postgres.ts';
import { testRuntime } from '../../testing/test-runtime.ts';
import { postgresStore } from './postgres.ts';

const server = serverWithEffects();

const nothing = () => Promise.resolve({ result: null, value: 1 });
const never = new Promise<never>(() => {});
const effect = (tx: unknown, id: string) => askIn(tx, `insert into effects values ('${id}')`);

/** The key can be had again, soon. */
async function becomesDone({ store, ask }: Connected, asked: Asked): Promise<void> {
  const work = async (tx: unknown) => {
    await effect(tx, asked.id);
    return { result: '1', value: 1 };
  };
  await vi.waitFor(
    async () => {
      const answer = await store.transact({ ...asked, maxDuration: 60_000 }, work);
      expect(answer).toMatchObject({ kind: 'done' });
    },
    { timeout: 20_000, interval: 20 },
  );
  expect(await ask(`select from effects where id = '${asked.id}'`)).toHaveLength(1);
}

describe.each(CLIENTS)('a transaction by %s that takes too long', (_name, connect) => {
  const connected = (max = 2): Connected => {
    const made = connect(server().url, max);
    onTestFinished(() => made.end());
    return made;
  };

  test('is rolled back, and what its work asks later is refused', async () => {
    const clients = connected(1);
    const runtime = testRuntime();
    const store = postgresStore(clients.client, {}, runtime);
    const asked = request();
    const later = Promise.withResolvers<unknown>();
    const transacted = store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      runtime.clock.advance(asked.maxDuration);
      await transacted.catch(() => {});
      await effect(tx, asked.id).then(later.resolve, later.reject);
      return await never;
    });
    await expect(transacted).rejects.toThrow('it has taken longer than 60000 ms');
    await expect(later.promise).rejects.toThrow(/not queryable|its time is over/);
    await becomesDone(clients, asked);
  });

  test('is not waited for, whatever the server does', async () => {
    const runtime = testRuntime();
    const store = postgresStore(connected().client, {}, runtime);
    const asked = request();
    const transacted = store.transact(asked, async (tx) => {
      const sleeping = askIn(tx, 'select pg_sleep(600)');
      sleeping.catch(() => {});
      runtime.clock.advance(asked.maxDuration);
      return await never;
    });
    await expect(transacted).rejects.toThrow('it has taken longer than 60000 ms');
  });

  test('is ended in the middle of a statement that never ends', async () => {
    const clients = connected();
    const asked = request({ maxDuration: 300 });
    const transacted = clients.store.transact(asked, async (tx) => {
      await effect(tx, asked.id);
      await askIn(tx, 'select pg_sleep(600)');
      return { result: '1', value: 1 };
    });
    await expect(transacted).rejects.toThrow(/longer than 300 ms|statement timeout/);
    await becomesDone(clients, asked);
  });

  test('does not loosen a limit that is there', async () => {
    const { client, store, ask } = connected(1);
    await ask(`set statement_timeout = '2s'; set idle_in_transaction_session_timeout = '1h'`);
    const seen = await store.transact(request({ maxDuration: 5000.5 }), async (tx) => ({
      result: '1',
      value: await limitsIn(tx),
    }));
    expect(seen).toMatchObject({ value: { statement: '2s', idle: '5001ms' } });
    expect(await limitsIn(client)).toEqual({ statement: '2s', idle: '1h' });
  });
});

const limitsIn = async (handle: unknown): Promise<unknown> => {
  const [row] = await askIn(
    handle,
    `select current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle`,
  );
  return row;
};

test('a process that stands still does not keep its key', async () => {
  const asked = request({ maxDuration: 2000 });
  const child = await begunElsewhere(asked);
  child.kill('SIGSTOP');
  onTestFinished(() => void child.kill('SIGKILL'));
  const here = byPg(server().url);
  onTestFinished(() => here.end());
  expect(await here.store.transact(asked, nothing)).toMatchObject({ kind: 'in-progress' });
  await becomesDone(here, asked);
});

test('a transaction leaves no timer behind, however it ends', async () => {
  const runtime = testRuntime();
  const { client, end } = byPg(server().url, 1);
  onTestFinished(end);
  const store = postgresStore(client as Pool, {}, runtime);
  await store.transact(request(), () => Promise.resolve({ result: '1', value: 1 }));
  await store.transact(request(), () => Promise.resolve({ result: null, value: 1 }));
  await store.transact(request(), () => Promise.reject(new Error('no'))).catch(() => {});
  expect(runtime.clock.armed).toBe(0);
});

/** Has its effect, says so, and never ends. */
const PROGRAM = `
  import pg from 'pg';
  const [url, asked, entry] = process.argv.slice(1);
  const { postgresStore } = await import(entry);
  const store = postgresStore(new pg.Pool({ connectionString: url, max: 1 }));
  await store.transact(JSON.parse(asked), async (tx) => {
    await tx.query('insert into effects values ($1)', [JSON.parse(asked).id]);
    console.log('begun');
    await new Promise(() => {});
  });
`;

async function begunElsewhere(asked: Asked) {
  const entry = new URL('index.ts', import.meta.url).href;
  const args = ['--no-warnings', '--input-type=module', '--eval', PROGRAM, server().url];
  const child = spawn(process.execPath, [...args, JSON.stringify(asked), entry], {
    cwd: fileURLToPath(new URL('../../../../../', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const hasBegun = once(createInterface(child.stdout), 'line');
  const hasEnded = once(child, 'exit').then(() => Promise.reject(new Error('it has not begun')));
  hasEnded.catch(() => {});
  await Promise.race([hasBegun, hasEnded]);
  return child;
}
