import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../test/servers/postgres.ts';
import { preparePostgres } from '../links/postgres.ts';
import type { Fault, Place, PlaceOptions } from './place.ts';
import { mountSmallDisk, type SmallDisk } from './tmpfs.ts';

/** A PostgreSQL as it is by default: a commit is on the disk when it is acknowledged. */
export async function postgresPlace({ isSmall }: PlaceOptions): Promise<Place> {
  const disk = isSmall ? mountSmallDisk(160) : null;
  const server = await startPostgres({
    settings: { wal_recycle: 'off', min_wal_size: '32MB', max_wal_size: '64MB' },
    ...(disk === null ? {} : { dir: disk.dir }),
  });
  await preparePostgres(server.url);
  return {
    store: 'postgres',
    where: server.url,
    link: {},
    faults: disk === null ? faultsOf(server) : [fullDisk(server, disk)],
    close: async () => {
      await server.kill();
      disk?.unmount();
    },
  };
}

function faultsOf(server: PostgresServer): Fault[] {
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

async function resetConnections({ url }: PostgresServer): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
  );
  await admin.end();
}

/** PostgreSQL refuses what needs room, or ends itself when its log has none; then somebody starts it again. */
function fullDisk(server: PostgresServer, disk: SmallDisk): Fault {
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
