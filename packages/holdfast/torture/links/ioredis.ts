import { once } from 'node:events';
import { redisStore } from 'holdfast/redis';
import { Redis } from 'ioredis';
import type { Link } from './link.ts';

const LEDGER = 'ledger';

/** Records in Redis, by ioredis as the store's documentation has it; the ledger is a list. */
export async function ioredisLink(url: string): Promise<Link> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => 50,
  });
  // Outages are what this is about.
  client.on('error', () => {});
  await once(client, 'ready');
  return {
    store: redisStore(client),
    effect: async (key) => {
      await client.rpush(LEDGER, key);
    },
    effects: () => client.lrange(LEDGER, 0, -1),
    close: async () => client.disconnect(),
  };
}
