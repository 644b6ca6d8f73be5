import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, beforeAll } from 'vitest';
import { storeConformance } from '../../../../../test/conformance/idempotency-store.ts';
import { type RedisServer, startRedis } from '../../../../../test/servers/redis.ts';
import { redisStore } from './redis.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await startRedis();
});
afterAll(() => server.stop());

storeConformance('the Redis store over ioredis', {
  open: async () => {
    const clients = [new Redis(server.url), new Redis(server.url)] as const;
    const [store, other] = [redisStore(clients[0]), redisStore(clients[1])];
    return {
      store,
      other,
      close: async () => clients.forEach((client) => client.disconnect()),
    };
  },
  reaps: false,
});

storeConformance('the Redis store over node-redis', {
  open: async () => {
    const clients = [createClient({ url: server.url }), createClient({ url: server.url })] as const;
    await Promise.all(clients.map((client) => client.connect()));
    const [store, other] = [redisStore(clients[0]), redisStore(clients[1])];
    return {
      store,
      other,
      close: async () => clients.forEach((client) => client.destroy()),
    };
  },
  reaps: false,
});
