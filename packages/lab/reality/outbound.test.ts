import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { edgesOf } from '../src/spec/edges.ts';
import { fleetOf } from '../src/spec/fleet.ts';
import { dependenciesOf, Outbound } from './outbound.ts';
import { RunTime, type Told } from './part.ts';

let server: Server;
beforeAll(async () => {
  server = createServer((_, response) => response.writeHead(503).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
});

const twice = { retry: { maxAttempts: 2, budget: false, backoff: { base: 0 } }, breaker: false };
const fleet = fleetOf({
  name: 'three ways',
  services: {
    web: {
      calls: [
        { to: 'stock', idempotent: true, policy: twice },
        { to: 'stock', idempotent: true, policy: 'none' },
        { to: 'stock', idempotent: true, policy: twice },
      ],
    },
    stock: { external: true },
  },
  users: { shoppers: { to: 'stock', rate: 1 } },
});

test('each edge has its own dependency, with its options and its events', async () => {
  const { port } = server.address() as AddressInfo;
  const told: Told[] = [];
  const time = new RunTime(Date.now());
  const origins = { stock: [`http://127.0.0.1:${port}`] };
  const around = { dependencies: dependenciesOf(fleet), origins, time, told };
  const outbounds = edgesOf(fleet).map((edge) => new Outbound(edge, around));
  await Promise.all(outbounds.map((outbound) => outbound.call(Infinity)));
  const ended = told.filter(([what]) => what === 'attemptEnded').map(([, id]) => id);
  expect(ended.toSorted()).toEqual([
    'shoppers > stock',
    'web > stock',
    'web > stock',
    'web > stock (2)',
    'web > stock (3)',
    'web > stock (3)',
  ]);
});
