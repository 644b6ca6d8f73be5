import { expect, test, vi } from 'vitest';
import type { ServerProcess } from './process.ts';
import { runServer } from './server.ts';

test.each(['kill', 'stop'] as const)(
  'a server is started again once its %s is over',
  async (end) => {
    const { promise: ended, resolve: endNow } = Promise.withResolvers<void>();
    const process = { kill: () => ended, stop: () => ended } as Partial<ServerProcess>;
    const start = vi.fn<() => Promise<ServerProcess>>(async () => process as ServerProcess);
    const server = await runServer({ dir: '', port: 1, start, urlOf: String });

    const over = server[end]();
    const restarted = server.restart();
    await Promise.resolve();
    expect(start).toHaveBeenCalledTimes(1);
    endNow();
    await Promise.all([over, restarted]);
    expect(start).toHaveBeenCalledTimes(2);
  },
);
