import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  claimOf,
  claimed,
  look,
  rivalOf,
  until,
} from '../../../../../test/conformance/idempotency-store/stage.ts';
import { freePort } from '../../../../../test/servers/process.ts';
import { type RedisServer, startRedis } from '../../../../../test/servers/redis.ts';
import { StoreFullError } from '../../idempotency/store-full.ts';
import { redisStore } from './redis.ts';

const POINT = { name: 'charged', value: '1' };
const LONG = 60_000;

describe('the Redis store', () => {
  let server: RedisServer;
  let client: Redis;
  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });
  afterEach(() => client.flushall());

  test('makes one round trip a step, once Redis knows its scripts, and two for a key that is known', async () => {
    const store = redisStore(client);
    const steps = async () => {
      const request = await claimed(store);
      await store.extend(request, LONG);
      await store.checkpoint(request, POINT, LONG);
      await store.complete(request, '1', LONG);
      await store.claim(rivalOf(request));
      await store.release(request);
    };
    await steps();
    const sent = vi.spyOn(client, 'sendCommand');
    await steps();
    const names = sent.mock.calls.map(([{ name }]) => name);
    sent.mockRestore();
    const scripts = Array.from({ length: 3 }, () => 'evalsha');
    expect(names).toEqual(['set', ...scripts, 'set', 'evalsha', 'evalsha']);
  });

  test('leaves nothing of a record whose lease is ended in its last moment', async () => {
    const store = redisStore(client);
    for (let round = 0; round < 500; round++) {
      const request = claimOf({ lease: 1, retention: 1 });
      const ends = Array.from({ length: 6 }, () => () => store.extend(request, 0));
      const points = Array.from({ length: 6 }, () => () => store.checkpoint(request, POINT, 0));
      const steps = [() => store.claim(request), ...(round % 2 === 0 ? ends : points)];
      await Promise.all(steps.map((step) => step()));
    }
    // What expires is gone within moments, and what does not is found here.
    await vi.waitFor(async () => expect(await client.dbsize()).toBe(0), 20_000);
  });

  test.each(['ioredis', 'node-redis'])(
    'goes on when Redis has forgotten its scripts, over %s',
    async (which) => {
      const other = createClient({ url: server.url });
      await other.connect();
      const store = redisStore(which === 'ioredis' ? client : other);
      const forget = () => client.script('FLUSH');

      await forget();
      const request = await claimed(store);
      await forget();
      expect(await store.extend(request, LONG)).toBe(true);
      await forget();
      expect(await store.checkpoint(request, POINT, LONG)).toBe(true);
      await forget();
      expect(await store.claim(request)).toMatchObject({ points: [POINT] });
      await forget();
      expect(await store.complete(request, '1', LONG)).toBe(true);
      const released = await claimed(store);
      await forget();
      expect(await store.release(released)).toBe(true);
      other.destroy();
    },
  );

  test('keeps one string a key, with no more in it than it must', async () => {
    const stores = [redisStore(client), redisStore(client, { prefix: 'shop:' })];
    const request = claimOf({ id: 'the-id' });
    for (const store of stores) await claimed(store, request);
    expect((await client.keys('*')).toSorted()).toEqual(['holdfast:{the-id}', 'shop:{the-id}']);
    await stores[0]!.checkpoint(request, POINT, LONG);
    const record = await client.get('holdfast:{the-id}');
    expect(record).toMatch(/^[\w-]+ what-is-asked-for \d+ 1 \. \[\["charged","1"\]\]$/);
    expect(record!.split(' ', 1)).toEqual([request.token]);
    await stores[0]!.complete(request, '"done"', LONG);
    expect(await client.get('holdfast:{the-id}')).toBe('= what-is-asked-for "done"');
  });

  test('lets Redis forget by itself', async () => {
    const store = redisStore(client);
    const request = await claimed(store, { id: 'k', retention: 100_000_000.5, lease: 0.5 });
    const kept = () => client.pttl('holdfast:{k}');
    expect(await kept()).toBeGreaterThan(99_000_000);
    await store.extend(request, 200_000_000.5);
    expect(await kept()).toBeGreaterThan(199_000_000);
    await store.checkpoint(request, POINT, 300_000_000);
    expect(await kept()).toBeGreaterThan(299_000_000);
    await store.complete(request, '1', 4999.5);
    expect(await kept()).toBeLessThanOrEqual(5000);
    expect(await store.reap(10)).toBe(0);
  });

  test('refuses further keys when memory is full, and lets what was claimed be done', async () => {
    const store = redisStore(client);
    const request = await claimed(store);
    const ended = await claimed(store);
    await client.config('SET', 'maxmemory', '1');
    try {
      await expect(store.claim(claimOf())).rejects.toThrow(StoreFullError);
      await client.script('FLUSH');
      await expect(store.claim(claimOf())).rejects.toThrow(StoreFullError);
      expect(await store.extend(request, 2 * LONG)).toBe(true);
      expect(await store.checkpoint(request, POINT, 2 * LONG)).toBe(true);
      expect(await store.complete(request, '"done"', LONG)).toBe(true);
      expect(await look(store, request)).toMatchObject({ kind: 'completed', result: '"done"' });
      expect(await store.release(ended)).toBe(true);
    } finally {
      await client.config('SET', 'maxmemory', '0');
    }
  });

  test('tells the keys that it has when Redis cannot write its file', async () => {
    const store = redisStore(client);
    const request = await claimed(store);
    await store.complete(request, '"done"', LONG);
    const inTheWay = join(server.dir, 'dump.rdb');
    mkdirSync(join(inTheWay, 'full'), { recursive: true });
    await client.config('SET', 'save', '3600 1');
    await client.bgsave();
    try {
      await until(
        'the failure',
        () => client.info('persistence'),
        (info) => info.includes('rdb_last_bgsave_status:err'),
      );
      await expect(store.claim(claimOf())).rejects.toThrow(StoreFullError);
      expect(await look(store, request)).toMatchObject({ kind: 'completed', result: '"done"' });
    } finally {
      await client.config('SET', 'save', '');
      rmSync(inTheWay, { recursive: true });
    }
  });

  test.each([
    ['that has too few replicas', 'NOREPLICAS', 'min-replicas-to-write'],
    ['that has become a replica', 'READONLY', 'replicaof'],
  ])('tells the keys that it has where they are of a Redis %s', async (_what, code, how) => {
    const store = redisStore(client);
    const request = await claimed(store);
    const running = await claimed(store);
    await store.complete(request, '"done"', LONG);
    if (how === 'replicaof') await client.replicaof('127.0.0.1', await freePort());
    else await client.config('SET', how, '1');
    try {
      await expect(store.claim(claimOf())).rejects.toThrow(code);
      expect(await look(store, request)).toMatchObject({ kind: 'completed', result: '"done"' });
      expect(await look(store, running)).toMatchObject({ kind: 'in-progress' });
    } finally {
      await client.replicaof('NO', 'ONE');
      await client.config('SET', 'min-replicas-to-write', '0');
    }
  });

  // Before version 7 it lets scripts write all the same where replicas are missing.
  test.each(['OOM', 'MISCONF', 'NOREPLICAS', 'READONLY'])(
    'grants nothing that Redis refuses to write, even where it would let a script: %s',
    async (code) => {
      const refuse = () => Promise.reject(new Error(`${code} not now`));
      const refusing = redisStore(Object.create(client, { set: { value: refuse } }) as Redis);
      const store = redisStore(client);
      const taken = claimOf();
      const over = await claimed(store);
      await store.extend(over, 0);
      for (const expired of ['takeover', 'reconcile'] as const) {
        await expect(refusing.claim(rivalOf(over, { expired }))).rejects.toThrow(`${code} not now`);
      }
      await expect(refusing.claim(taken)).rejects.toThrow(`${code} not now`);
      expect(await refusing.claim(rivalOf(over))).toEqual({ kind: 'unknown' });
      expect(await store.claim(rivalOf(over, { expired: 'reconcile' }))).toMatchObject({
        kind: 'reconcile',
        attempt: 1,
      });
      expect(await store.claim(rivalOf(taken))).toMatchObject({ kind: 'claimed' });
    },
  );

  test('takes for its own no key that it was not told is, by a client that somebody has wrapped', async () => {
    const set = async (...args: Parameters<Redis['set']>) =>
      (await client.set(...args)) ?? undefined;
    const store = redisStore(Object.create(client, { set: { value: set } }));
    const request = await claimed(store);
    expect(await store.claim(rivalOf(request))).toMatchObject({ kind: 'in-progress' });
  });

  test('understands a client that answers with buffers', async () => {
    const plain = createClient({ url: server.url });
    await plain.connect();
    const store = redisStore(plain.withTypeMapping({ [BLOB_STRING]: Buffer }));
    const request = await claimed(store);
    await store.checkpoint(request, POINT, LONG);
    expect(await store.claim(request)).toMatchObject({ kind: 'claimed', points: [POINT] });
    await store.complete(request, '"żółć"', LONG);
    expect(await look(store, request)).toMatchObject({ result: '"żółć"' });
    expect(await store.check()).toHaveLength(1);
    plain.destroy();
  });

  test('rejects when Redis cannot be asked, and leaves the client open', async () => {
    const gone = new Redis({
      port: server.port,
      enableOfflineQueue: false,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
    });
    await gone.connect();
    const store = redisStore(gone);
    await store.close();
    const request = await claimed(store);
    gone.disconnect();
    await expect(store.claim(rivalOf(request))).rejects.toThrow(
      'enableOfflineQueue options is false',
    );
    await expect(store.complete(request, '1', LONG)).rejects.toThrow(
      'enableOfflineQueue options is false',
    );
    await expect(store.check()).rejects.toThrow('enableOfflineQueue options is false');
  });
});

/** The type of strings in node-redis' mapping. */
const BLOB_STRING = 36;

describe('what is not a client', () => {
  const half = { set: () => {}, evalSha: () => {}, eval: () => {} };
  test.each([
    [undefined, 'undefined'],
    ['redis://127.0.0.1', '"redis://127.0.0.1"'],
    [{}, 'an object'],
    [new Map(), 'an instance of Map'],
    [null, 'null'],
  ])('is refused: %s', (given, shown) => {
    expect(() => redisStore(given as never)).toThrow(
      new TypeError(
        `redisStore needs a client or cluster of ioredis or of node-redis, got ${shown}`,
      ),
    );
  });

  test.each([
    ['a legacy one', createClient().legacy()],
    ['one in the legacy mode of node-redis 4', { ...half, options: { legacyMode: true } }],
  ])('nor is a client that answers by callbacks alone: %s', (_which, legacy) => {
    expect(() => redisStore(legacy as never)).toThrow('needs a client that answers by promises');
  });

  test.each([
    [{ prefix: 'a{b' }, RangeError, 'prefix must be at most 100 characters, without { and }'],
    [{ prefix: 'a'.repeat(101) }, RangeError, 'prefix must be at most 100 characters'],
    [{ prefix: 1 }, TypeError, 'prefix must be a string of at most 100 characters'],
    [{ prefx: 'a' }, TypeError, "prefx is not an option; did you mean 'prefix'?"],
  ])('nor are these options: %j', (options, type, message) => {
    const create = () => redisStore(createClient(), options as never);
    expect(create).toThrow(type);
    expect(create).toThrow(`redisStore.${message}`);
  });
});
