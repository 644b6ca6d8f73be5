import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTo, createServer, type Server } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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

const server = serverWithEffects();
/** Asks how things stand by a connection that no crash has met. */
const see = async (text: string): Promise<readonly unknown[]> => {
  const { ask, end } = byPg(server().url, 1);
  return await ask(text).finally(end);
};

/** An effect in the same database. */
const workOf = (id: string) => async (tx: unknown) => {
  await askIn(tx, `insert into effects values ('${id}')`);
  return { result: '"kept"', value: 1 };
};
const effectsOf = async (id: string): Promise<number> =>
  (await see(`select from effects where id = '${id}'`)).length;
const LOST = /connection|terminat|ECONNRESET/i;

describe.each(CLIENTS)('a transaction by %s', (_name, connect) => {
  let connected: Connected;
  beforeEach(() => {
    connected = connect(server().url, 4);
  });
  afterEach(() => connected.end());

  /** Asked again until it can be told, the key is as it should be. */
  const becomes = (kind: string, asked: Asked) =>
    vi.waitFor(
      async () => {
        const answer = await connected.store.transact(asked, workOf(asked.id));
        expect(answer.kind).toBe(kind);
      },
      { timeout: 20_000, interval: 20 },
    );

  test('leaves nothing of what it did before a crash of the server', async () => {
    const asked = request();
    const transacted = connected.store.transact(asked, async (tx) => {
      const end = await workOf(asked.id)(tx);
      const gone = isGone(tx, transacted);
      await server().kill();
      await gone;
      return end;
    });
    await expect(transacted).rejects.toThrow(LOST);
    await server().restart();
    await becomes('done', asked);
    expect(await effectsOf(asked.id)).toBe(1);
  });

  test('keeps what was committed before a crash of the server', async () => {
    const asked = request();
    await connected.store.transact(asked, workOf(asked.id));
    await server().kill();
    await server().restart();
    await becomes('completed', asked);
    expect(await effectsOf(asked.id)).toBe(1);
  });

  test.each([
    ['the commit did not arrive', false, 'done'],
    ['the answer to the commit did not arrive', true, 'completed'],
  ])('rejects, and the next one tells which, if %s', async (_what, forwards, next) => {
    const proxy = await proxyThatLosesCommits(server().port, forwards);
    const { port } = proxy.address() as AddressInfo;
    const through = connect(server().url.replace(String(server().port), String(port)), 1);
    const asked = request();
    await expect(through.store.transact(asked, workOf(asked.id))).rejects.toThrow(LOST);
    await becomes(next, asked);
    expect(await effectsOf(asked.id)).toBe(1);
    await through.end();
    proxy.close();
  });
});

describe('a process that is killed', () => {
  test('leaves of each of its transactions all or nothing', async () => {
    const { store, ask, end } = byPg(server().url, 2);
    for (const lines of [1, 2, 25, 50]) {
      const run = `run${lines}`;
      await killedAfter(lines, run);
      const parted = await ask(`
        select from (select * from holdfast_idempotency where id like '${run}-%') as records
        full join (select * from effects where id like '${run}-%') as effects using (id)
        where records.id is null or effects.id is null`);
      expect(parted).toEqual([]);
      const last = request({ id: `${run}-${lines}`, fingerprint: 'f' });
      await vi.waitFor(
        async () => {
          const { kind } = await store.transact(last, workOf(last.id));
          expect(kind).not.toBe('in-progress');
        },
        { timeout: 20_000, interval: 20 },
      );
      expect(await ask(`select from effects where id = '${last.id}'`)).toHaveLength(1);
    }
    await end();
  });
});

test('a connection of pg that is closed in the moment at which it opens does not end the process', async () => {
  const { client, store, end } = byPg(server().url, 1);
  let thrown: unknown;
  // Between the pool and whoever waits for its promise.
  (client as Pool).once('acquire', (connection) =>
    process.nextTick(() => {
      try {
        connection.emit('error', new Error('terminating connection'));
      } catch (error) {
        thrown = error;
      }
    }),
  );
  const { id } = request();
  const transacted = store.transact(request({ id }), workOf(id));
  await expect(transacted).rejects.toThrow('terminating connection');
  expect(thrown).toBeUndefined();
  await end();
});

test('a transaction over pg that asks while its connection is lost rejects with what the server said', async () => {
  const { store, end } = byPg(server().url, 1);
  const transacted = store.transact(request(), async (tx) => {
    await askIn(tx, 'select pg_terminate_backend(pg_backend_pid()), pg_sleep(20)');
    return { result: '1', value: 1 };
  });
  await expect(transacted).rejects.toMatchObject({ code: '57P01' });
  await end();
});

/** Transacts one key after the other, and says so in a line after each effect. */
const PROGRAM = `
  import pg from 'pg';
  const [url, run, entry] = process.argv.slice(1);
  const { postgresStore } = await import(entry);
  const store = postgresStore(new pg.Pool({ connectionString: url, max: 1 }));
  for (let at = 0; ; at++) {
    const id = run + '-' + at;
    const asked = { id, token: id, fingerprint: 'f', retention: 60000, maxDuration: 60000 };
    await store.transact(asked, async (tx) => {
      await tx.query('insert into effects values ($1)', [id]);
      console.log(id);
      return { result: '1', value: 1 };
    });
  }
`;

async function killedAfter(lines: number, run: string): Promise<void> {
  const entry = new URL('index.ts', import.meta.url).href;
  const args = [
    '--no-warnings',
    '--input-type=module',
    '--eval',
    PROGRAM,
    server().url,
    run,
    entry,
  ];
  const child = spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../../../../../', import.meta.url)),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  let printed = 0;
  createInterface(child.stdout).on('line', () => {
    if (++printed === lines) child.kill('SIGKILL');
  });
  await ended;
  expect(printed).toBeGreaterThanOrEqual(lines);
}

/** Cuts the connection when it sees a commit: before it is passed on, or when it is answered. */
async function proxyThatLosesCommits(port: number, forwards: boolean): Promise<Server> {
  const proxy = createServer((client) => {
    const upstream = connectTo(port, '127.0.0.1');
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    client.on('error', cut).on('close', cut);
    upstream.on('error', cut).on('close', cut);
    let isCommitting = false;
    client.on('data', (data) => {
      isCommitting ||= /commit/i.test(data.toString('latin1'));
      if (isCommitting && !forwards) cut();
      else upstream.write(data);
    });
    upstream.on('data', (data) => (isCommitting ? cut() : client.write(data)));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}
