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

/** As the guide has it. */
const RIGHTS = '~holdfast:* +set +get +del +pttl +pexpire +eval +evalsha';

storeConformance('the Redis store over ioredis, whose user may do no more than it needs', {
  open: async () => {
    const admin = new Redis(server.url);
    await admin.call('ACL', 'SETUSER', 'shop', 'on', '>secret', ...RIGHTS.split(' '));
    admin.disconnect();
    const user = { username: 'shop', password: 'secret', enableReadyCheck: false };
    const clients = [new Redis(server.url, user), new Redis(server.url, user)] as const;
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
