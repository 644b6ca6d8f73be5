import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claimed,
  look,
  rivalOf,
  until,
} from '../../../../../test/conformance/idempotency-store/stage.ts';
import { freePort } from '../../../../../test/servers/process.ts';
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
} from '../../../../../test/servers/redis.ts';
import { redisStore } from './redis.ts';

const LONG = 60_000;
const SLOTS = 16_384;

describe('over a cluster', () => {
  let servers: readonly RedisServer[];
  beforeAll(async () => {
    servers = await startCluster();
  });
  afterAll(() => Promise.all(servers.map((server) => server.kill())));

  test.each([
    ['ioredis', openIoredis],
    ['node-redis', openNodeRedis],
  ])('the Redis store does every step where the key is: %s', async (_client, open) => {
    const { client, close } = await open(servers);
    const store = redisStore(client, { prefix: 'shop:' });
    for (let i = 0; i < 20; i++) {
      const request = await claimed(store);
      expect(await store.extend(request, LONG)).toBe(true);
      expect(await store.checkpoint(request, { name: 'a', value: '1' }, LONG)).toBe(true);
      expect(await store.claim(request)).toMatchObject({ kind: 'claimed' });
      expect(await store.complete(request, '"done"', LONG)).toBe(true);
      expect(await look(store, request)).toMatchObject({ kind: 'completed' });
      const released = await claimed(store, rivalOf(request, { id: `${i}` }));
      expect(await store.release(released)).toBe(true);
    }
    await close();

    const counts = await Promise.all(servers.map(async ({ port }) => await keysOn(port)));
    expect(counts.every((count) => count > 0)).toBe(true);
  });

  test.each([
    ['ioredis', openIoredis],
    ['node-redis', openNodeRedis],
  ])(
    'a check asks every primary, and says once what is true of both: %s',
    async (_client, open) => {
      const { client, close } = await open(servers);
      const warnings = await redisStore(client).check();
      await close();
      expect(warnings).toHaveLength(3);
      for (const what of ['`appendonly` is off', '`appendfsync` is `everysec`', '`allkeys-lru`']) {
        expect(warnings).toContainEqual(expect.stringContaining(what));
      }
    },
  );

  test('a key is placed by its id, whatever the prefix', async () => {
    const client = new Redis({ port: servers[0]!.port });
    const slots = await Promise.all(
      ['some-id', 'holdfast:{some-id}', 'shop:{some-id}'].map((key) =>
        client.cluster('KEYSLOT', key),
      ),
    );
    expect(new Set(slots).size).toBe(1);
    client.disconnect();
  });

  test('a check of a cluster that is not connected rejects', async () => {
    const client = createCluster({ rootNodes: [{ url: servers[0]!.url }] });
    await expect(redisStore(client).check()).rejects.toThrow('connect its client first');
  });
});

async function openIoredis(servers: readonly RedisServer[]) {
  const client = new Cluster([{ host: '127.0.0.1', port: servers[0]!.port }]);
  return { client, close: async () => client.disconnect() };
}

async function openNodeRedis(servers: readonly RedisServer[]) {
  const client = createCluster({ rootNodes: [{ url: servers[0]!.url }] });
  await client.connect();
  return { client, close: async () => client.destroy() };
}

/** Two primaries, half of the slots each, with one fault of its own each and one in common. */
async function startCluster(): Promise<readonly RedisServer[]> {
  const servers = await Promise.all([startNode({}), startNode({ appendonly: true })]);
  const [first, second] = servers.map(({ port }) => new Redis({ port })) as [Redis, Redis];
  await first.cluster('ADDSLOTSRANGE', 0, SLOTS / 2 - 1);
  await second.cluster('ADDSLOTSRANGE', SLOTS / 2, SLOTS - 1);
  await second.cluster('SET-CONFIG-EPOCH', 2);
  await first.call('CLUSTER', 'MEET', '127.0.0.1', servers[1].port, servers[1].bus);
  for (const node of [first, second]) {
    await until(
      'the cluster',
      async () => String(await node.cluster('INFO')),
      (info) => info.includes('cluster_state:ok') && info.includes('cluster_size:2'),
    );
    node.disconnect();
  }
  return servers;
}

async function startNode(options: RedisOptions): Promise<RedisServer & { readonly bus: number }> {
  const bus = await freePort();
  const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus)];
  const args = [...cluster, '--maxmemory-policy', 'allkeys-lru'];
  return { ...(await startRedis({ ...options, maxmemory: '64mb', args })), bus };
}

async function keysOn(port: number): Promise<number> {
  const client = new Redis({ port });
  const count = await client.dbsize();
  client.disconnect();
  return count;
}
