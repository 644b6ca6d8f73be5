import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../../../test/servers/redis.ts';
import type { Fault, Place, PlaceOptions } from './place.ts';
import { mountSmallDisk, type SmallDisk } from './tmpfs.ts';

/** A Redis with the durability that the store's promises ask for. */
export async function redisPlace({ isSmall }: PlaceOptions): Promise<Place> {
  const disk = isSmall ? mountSmallDisk(8) : null;
  const server = await startRedis({
    appendonly: true,
    appendfsync: 'always',
    args: ['--maxmemory-policy', 'noeviction'],
    ...(disk === null ? {} : { dir: disk.dir }),
  });
  return {
    store: 'redis',
    where: server.url,
    link: {},
    faults: disk === null ? faultsOf(server) : [fullDisk(server, disk)],
    close: async () => {
      await server.kill();
      disk?.unmount();
    },
  };
}

function faultsOf(server: RedisServer): Fault[] {
  return [
    { name: 'kill -9', begin: () => server.kill(), end: () => server.restart() },
    { name: 'stop', begin: () => server.stop(), end: () => server.restart() },
    {
      name: 'SIGSTOP',
      begin: async () => server.pause(),
      end: async () => server.resume(),
    },
    { name: 'connections reset', begin: () => resetConnections(server), end: async () => {} },
  ];
}

async function resetConnections({ url }: RedisServer): Promise<void> {
  const admin = new Redis(url);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  admin.disconnect();
}

/** With `appendfsync always` Redis ends itself when it cannot write; then somebody starts it again. */
function fullDisk(server: RedisServer, disk: SmallDisk): Fault {
  return {
    name: 'full disk',
    begin: async () => disk.fill(),
    end: async () => {
      disk.empty();
      await server.stop();
      await server.restart();
    },
  };
}
