import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../../test/conformance/idempotency-store/stage.ts';
import {
  type RedisOptions,
  type RedisServer,
  startRedis,
} from '../../../../../test/servers/redis.ts';
import { idempotency } from '../../idempotency/index.ts';
import { redisStore } from './redis.ts';

const DURABLE = { appendonly: true, appendfsync: 'always' } as const;

/** What is said of each configuration. */
const WARNINGS: readonly (readonly [string, RedisOptions, readonly string[]])[] = [
  ['durable', DURABLE, []],
  ['without a file', {}, ['`appendonly` is off: a restart of Redis forgets']],
  [
    'flushed each second',
    { appendonly: true, appendfsync: 'everysec' },
    ['`appendfsync` is `everysec`: a crash may forget'],
  ],
  [
    'flushed when the machine likes',
    { appendonly: true, appendfsync: 'no' },
    ['`appendfsync` is `no`: a crash may forget'],
  ],
  [
    'allowed to evict',
    { ...DURABLE, maxmemory: '64mb', args: ['--maxmemory-policy', 'volatile-lru'] },
    ['`maxmemory-policy` is `volatile-lru`: when memory is short, Redis deletes keys'],
  ],
  [
    'limited without evicting',
    { ...DURABLE, maxmemory: '64mb', args: ['--maxmemory-policy', 'noeviction'] },
    [],
  ],
  [
    'allowed to evict without a limit that it could reach',
    { ...DURABLE, args: ['--maxmemory-policy', 'allkeys-lru'] },
    [],
  ],
  [
    'managed by somebody who forbids CONFIG',
    { ...DURABLE, args: ['--rename-command', 'CONFIG', ''] },
    ['It could not be told what `appendfsync` is'],
  ],
  [
    'managed by somebody who forbids INFO',
    { ...DURABLE, args: ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-@dangerous'] },
    ['It could not be told how this Redis is set up'],
  ],
  [
    'everything that is wrong at once',
    { maxmemory: '64mb', args: ['--maxmemory-policy', 'allkeys-random'] },
    ['`appendonly` is off', '`maxmemory-policy` is `allkeys-random`'],
  ],
];

describe('a check of Redis', () => {
  test.each(WARNINGS)('that is %s', async (_what, options, expected) => {
    const server = await start(options);
    const sentences = expected.map((text) => expect.stringContaining(text) as string);
    expect(await redisStore(connect(server)).check()).toEqual(sentences);

    const nodeRedis = createClient({ url: server.url });
    await nodeRedis.connect();
    onTestFinished(() => nodeRedis.destroy());
    expect(await redisStore(nodeRedis).check()).toEqual(sentences);
  });

  test('is made by an engine itself, which tells what it has found', async () => {
    const server = await start({ args: ['--maxmemory-policy', 'allkeys-lru'], maxmemory: '64mb' });
    const warnings: string[] = [];
    const engine = idempotency({
      store: redisStore(connect(server)),
      onEvent: (event) => {
        if (event.type === 'idempotency.store-warned') warnings.push(event.warning);
      },
    });
    await engine.idempotent('order-7', () => 'done');
    await until(
      'the warnings',
      async () => warnings.length,
      (count) => count === 2,
    );
    expect(warnings).toEqual([
      expect.stringContaining('`appendonly` is off'),
      expect.stringContaining('`maxmemory-policy` is `allkeys-lru`'),
    ]);
  });

  test.each([Map, Array])('over a client that makes a %o of pairs', async (type) => {
    const plain = createClient({ url: (await start(DURABLE)).url, RESP: 3 });
    await plain.connect();
    onTestFinished(() => plain.destroy());
    const client = plain.withTypeMapping({ [RESP_TYPES.MAP]: type });
    expect(await redisStore(client).check()).toEqual([]);
  });

  test('with a replica, and of the replica', async () => {
    const primary = await start({ ...DURABLE, args: ['--repl-diskless-sync-delay', '0'] });
    const replica = await start({ ...DURABLE, replicaOf: primary.port });
    const [client, other] = [connect(primary), connect(replica)];
    await until(
      'the replica',
      () => other.info('replication'),
      (info) => info.includes('link_status:up'),
    );
    const failover = expect.stringContaining('after a failover, keys that were claimed') as string;
    expect(await redisStore(client).check()).toEqual([failover]);
    expect(await redisStore(other).check()).toEqual([expect.stringContaining('is a replica')]);

    await client.config('SET', 'min-replicas-to-write', '1');
    const [warning] = await redisStore(client).check();
    expect(warning).toContain('which `min-replicas-to-write` makes rarer and does not prevent');
  });
});

async function start(options: RedisOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.kill());
  return server;
}

function connect({ port }: RedisServer): Redis {
  const client = new Redis({ port });
  onTestFinished(() => client.disconnect());
  return client;
}
