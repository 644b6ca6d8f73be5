import type { Server } from '../../../../test/servers/server.ts';
import type { Fault } from './place.ts';
import type { SmallDisk } from './tmpfs.ts';

/** What can happen to any server; `reset` ends the connections of its clients. */
export function serverFaults(server: Server, reset: () => Promise<void>): Fault[] {
  return [
    { name: 'kill -9', begin: () => server.kill(), end: () => server.restart() },
    { name: 'stop', begin: () => server.stop(), end: () => server.restart() },
    {
      name: 'SIGSTOP',
      begin: async () => server.pause(),
      end: async () => server.resume(),
    },
    { name: 'connections reset', begin: reset, end: async () => {} },
  ];
}

/** A server that cannot write refuses, or ends itself; then somebody starts it again. */
export function fullDisk(server: Server, disk: SmallDisk): Fault {
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
