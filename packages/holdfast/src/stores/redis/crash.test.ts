import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  claimOf,
  claimed,
  look,
  rivalOf,
  until,
} from '../../../../../test/conformance/idempotency-store/stage.ts';
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
} from '../../../../../test/servers/redis.ts';
import { redisStore } from './redis.ts';

const LONG = 60_000;
const DURABLE = { appendonly: true, appendfsync: 'always' } as const;

describe('the Redis store', () => {
  test('knows after a kill -9 whatever it has acknowledged, with appendfsync always', async () => {
    const server = await start(DURABLE);
    const store = storeOf(server);
    const requests = await Promise.all(Array.from({ length: 100 }, () => claimed(store)));
    const [completed, inProgress] = [requests.slice(0, 50), requests.slice(50)];
    await Promise.all(completed.map((request) => store.complete(request, '"done"', LONG)));
    await server.kill();
    await server.restart();

    const after = storeOf(server);
    for (const request of completed) {
      expect(await look(after, request)).toMatchObject({ kind: 'completed', result: '"done"' });
    }
    for (const request of inProgress) {
      expect(await look(after, request)).toMatchObject({ kind: 'in-progress' });
      expect(await after.complete(request, '"late"', LONG)).toBe(true);
    }
  });

  test('has forgotten after a kill -9 what was not written, as check warns', async () => {
    const server = await start({});
    const store = storeOf(server);
    expect(await store.check()).toEqual([expect.stringContaining('`appendonly` is off')]);
    const request = await claimed(store);
    await server.kill();
    await server.restart();
    await claimed(storeOf(server), rivalOf(request));
  });

  test('goes on by itself when its server was away', async () => {
    const server = await start(DURABLE);
    const client = connect(server);
    const store = redisStore(client);
    const request = await claimed(store);
    await server.kill();
    await expect(store.claim(claimOf())).rejects.toThrow('max retries');
    await server.restart();
    await until(
      'the connection',
      async () => client.status,
      (status) => status === 'ready',
    );
    expect(await store.complete(request, '1', LONG)).toBe(true);
  });

  // Not a promise of the store's: Redis acknowledges a write before its replicas have it.
  test('does NOT promise that a failover keeps what was acknowledged: it may be done twice', async () => {
    const primary = await start({ ...DURABLE, args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await start({ ...DURABLE, replicaOf: primary.port });
    const admin = connect(replica);
    await until(
      'the replica',
      () => admin.info('replication'),
      (info) => info.includes('link_status:up'),
    );
    const store = storeOf(primary);
    const kept = await claimed(store);
    await until(
      'the claim on the replica',
      () => admin.dbsize(),
      (size) => size === 1,
    );
    expect(await store.check()).toEqual([expect.stringContaining('after a failover')]);

    // A replica that lags by more than what the sockets between them hold.
    replica.pause();
    const writer = connect(primary);
    const filler = 'x'.repeat(1024 * 1024);
    for (let i = 0; i < 32; i++) await writer.set('filler', filler);
    const lost = await claimed(store);
    await primary.kill();
    replica.resume();
    await admin.replicaof('NO', 'ONE');

    const promoted = redisStore(admin);
    expect(await look(promoted, kept)).toMatchObject({ kind: 'in-progress' });
    await claimed(promoted, rivalOf(lost));
    expect(await promoted.extend(lost, LONG)).toBe(false);
  });
});

async function start(options: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.kill());
  return server;
}

/** As the store's documentation has it, reconnecting without delay. */
function connect({ port }: RedisServer): Redis {
  const client = new Redis({
    port,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 20,
  });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

const storeOf = (server: RedisServer) => redisStore(connect(server));
