import type { Server } from '../../../../test/servers/server.ts';
import type { ClientName } from '../links/link.ts';
import type { Fault, Place } from './place.ts';
import type { SmallDisk } from './tmpfs.ts';

/** A place with a server, to which all happens that can; or, on a small disk, only that it is full. */
export function serverPlace(
  client: ClientName,
  server: Server,
  disk: SmallDisk | null,
  reset: () => Promise<void>,
): Place {
  return {
    client,
    where: server.url,
    link: {},
    faults: disk === null ? serverFaults(server, reset) : [fullDisk(server, disk)],
    close: async () => {
      await server.kill();
      disk?.unmount();
    },
  };
}

/** What can happen to any server; `reset` ends the connections of its clients. */
function serverFaults(server: Server, reset: () => Promise<void>): Fault[] {
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
function fullDisk(server: Server, disk: SmallDisk): Fault {
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
