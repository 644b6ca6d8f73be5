import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../../../test/servers/redis.ts';
import type { Place, PlaceOptions } from './place.ts';
import { serverPlace } from './server-faults.ts';
import { mountSmallDisk } from './tmpfs.ts';

/** A Redis with the durability that the store's promises ask for. */
export async function redisPlace({ client, isSmall }: PlaceOptions): Promise<Place> {
  const disk = isSmall ? mountSmallDisk(8) : null;
  const server = await startRedis({
    appendonly: true,
    appendfsync: 'always',
    args: ['--maxmemory-policy', 'noeviction'],
    ...(disk === null ? {} : { dir: disk.dir }),
  });
  return serverPlace(client, server, disk, () => resetConnections(server));
}

async function resetConnections({ url }: RedisServer): Promise<void> {
  const admin = new Redis(url);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  admin.disconnect();
}
