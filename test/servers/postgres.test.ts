import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { startPostgres } from './postgres.ts';

test('a crash leaves no process behind, however many clients are about to connect or to leave', async () => {
  const server = await startPostgres({ fsync: false });
  onTestFinished(() => server.kill());
  for (let crash = 0; crash < 20; crash++) {
    const clients = Array.from({ length: 12 }, async () => {
      const client = new pg.Client(server.url);
      client.on('error', () => {});
      await client.connect();
      await client.end();
    });
    const settled = Promise.allSettled(clients);
    await Promise.race(clients.map((client) => client.catch(() => {})));
    await server.kill();
    expect(server.output()).not.toContain('unexpected postmaster exit');
    await settled;
    await server.restart();
  }
});
