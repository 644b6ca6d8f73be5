import { redisStore } from 'holdfast/redis';
import { createClient } from 'redis';
import type { Link } from './link.ts';

const LEDGER = 'ledger';

/** Records in Redis, by node-redis as the store's documentation has it; the ledger is a list. */
export async function nodeRedisLink(url: string): Promise<Link> {
  const client = createClient({
    url,
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 },
    socket: { reconnectStrategy: () => 50 },
  });
  // Outages are what this is about.
  client.on('error', () => {});
  await client.connect();
  return {
    store: redisStore(client),
    effect: async (key) => {
      await client.rPush(LEDGER, key);
    },
    effects: () => client.lRange(LEDGER, 0, -1),
    close: async () => client.destroy(),
  };
}
