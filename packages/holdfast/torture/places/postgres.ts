import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../test/servers/postgres.ts';
import { preparePostgres } from '../links/pg.ts';
import type { Place, PlaceOptions } from './place.ts';
import { serverPlace } from './server-faults.ts';
import { mountSmallDisk } from './tmpfs.ts';

/** A PostgreSQL as it is by default: a commit is on the disk when it is acknowledged. */
export async function postgresPlace({ client, isSmall }: PlaceOptions): Promise<Place> {
  const disk = isSmall ? mountSmallDisk(160) : null;
  const server = await startPostgres({
    settings: { wal_recycle: 'off', min_wal_size: '32MB', max_wal_size: '64MB' },
    ...(disk === null ? {} : { dir: disk.dir }),
  });
  await preparePostgres(server.url);
  return serverPlace(client, server, disk, () => resetConnections(server));
}

async function resetConnections({ url }: PostgresServer): Promise<void> {
  const admin = new pg.Client(url);
  await admin.connect();
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()',
  );
  await admin.end();
}
