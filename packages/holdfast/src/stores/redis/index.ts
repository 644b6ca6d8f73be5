export type {
  Ioredis,
  IoredisCluster,
  IoredisScripts,
  KeysAndArguments,
  NodeRedis,
  NodeRedisCluster,
  NodeRedisScripts,
  RedisClient,
} from './client.ts';
export type { RedisStoreOptions } from './options.ts';
export { redisStore } from './redis.ts';
