import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { expect, onTestFinished, test } from 'vitest';
import {
  claimed,
  claimOf,
  look,
  until,
} from '../../../../../test/conformance/idempotency-store/stage.ts';
import { type RedisServer, startRedis, startSentinel } from '../../../../../test/servers/redis.ts';
import type { IdempotencyStore } from '../../idempotency/store.ts';
import { redisStore } from './redis.ts';

// As the guide has them.
test.each([
  ['ioredis', openIoredis],
  ['node-redis', openNodeRedis],
])(
  'a store whose primary Sentinels name goes on with the next one, by the same client: %s',
  async (_client, open) => {
    const primary = await startRedis();
    const replica = await startRedis({ replicaOf: primary.port });
    const sentinel = await startSentinel(primary);
    const servers = [primary, replica, sentinel];
    onTestFinished(async () => void (await Promise.all(servers.map((server) => server.kill()))));
    const { client, close } = await open(sentinel);
    const store = redisStore(client);
    const done = await claimed(store);
    expect(await store.complete(done, '"done"', 60_000)).toBe(true);

    await asked(primary.port, (it) => it.wait(1, 0));
    // The primary is asked, and not its replica.
    expect((await store.check()).join()).toContain('Redis has replicas');
    await until(
      'a failover',
      () => failover(sentinel),
      (answer) => answer === 'OK',
    );
    // The one before takes keys for a while, which are lost.
    await until('a key of the next primary', () => isTaken(store, replica), Boolean);
    expect(await look(store, done)).toMatchObject({ kind: 'completed', result: '"done"' });
    await close();
  },
);

async function openIoredis(sentinel: RedisServer) {
  const client = new Redis({
    sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
    name: 'shop',
    failoverDetector: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
  });
  client.on('error', () => {});
  await new Promise<void>((resolve) => client.once('ready', resolve));
  return { client, close: async () => client.disconnect() };
}

async function openNodeRedis(sentinel: RedisServer) {
  const client = createSentinel({
    name: 'shop',
    sentinelRootNodes: [{ host: '127.0.0.1', port: sentinel.port }],
    reserveClient: true,
    nodeClientOptions: { disableOfflineQueue: true },
    commandOptions: { timeout: 0 },
  });
  client.on('error', () => {});
  await client.connect();
  return { client, close: async () => client.destroy() };
}

/** Whether a further key can be claimed and completed, where it should be. */
async function isTaken(store: IdempotencyStore, { port }: RedisServer): Promise<boolean> {
  const request = claimOf();
  try {
    await store.claim(request);
    await store.complete(request, '"too"', 60_000);
  } catch {
    return false;
  }
  return (await asked(port, (it) => it.exists(`holdfast:{${request.id}}`))) === 1;
}

/** It is refused as long as the Sentinel has not heard of the replica. */
function failover({ port }: RedisServer): Promise<unknown> {
  return asked(port, (client) =>
    client.call('SENTINEL', 'FAILOVER', 'shop').catch((error: unknown) => String(error)),
  );
}

async function asked<T>(port: number, ask: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis({ port });
  try {
    return await ask(client);
  } finally {
    client.disconnect();
  }
}
