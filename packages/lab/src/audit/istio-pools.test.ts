import { describe, expect, it } from 'vitest';

import { meshReader, service, sidecar } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { LayersRead, Pool } from './layers.ts';

const read = meshReader();

/** A DestinationRule of payments with this in its spec. */
const rule = (spec: string, host = 'payments'): string =>
  `---\nkind: DestinationRule\nspec:\n  host: ${host}\n  ${spec}\n`;
const pool = (requests: number): string =>
  `connectionPool: { http: { http2MaxRequests: ${requests} } }`;

const poolsIn = (found: LayersRead): readonly Pool[] => sidecar(found).pools;
/** Requests at once that each pool of payments lets through. */
const bounds = async (yaml: string): Promise<readonly number[]> =>
  poolsIn(await read(yaml)).map(({ requests }) => requests.most);

describe('a connectionPool', () => {
  it('bounds requests, connections, and what waits for them, at its lines', async () => {
    const yaml = `kind: DestinationRule
spec:
  host: payments
  trafficPolicy:
    connectionPool:
      tcp:
        maxConnections: 4
      http:
        http2MaxRequests: 3
        http1MaxPendingRequests: 2
        maxRequestsPerConnection: 9
        maxConcurrentStreams: 7
`;
    expect(poolsIn(await read(yaml))).toEqual([
      {
        requests: { most: 3, place: expect.objectContaining({ line: 9 }) as unknown },
        connections: { most: 4, place: expect.objectContaining({ line: 7 }) as unknown },
        streams: 7,
        pending: 2,
      },
    ]);
    const [other] = poolsIn(
      await read(yaml.replace('maxRequestsPerConnection: 9', 'maxRequestsPerConnection: 1')),
    );
    expect(other?.streams).toBe(1);
  });

  it('bounds nothing by what it leaves out, by 0, and by the largest number', async () => {
    for (const most of ['', 'http2MaxRequests: 0', 'http2MaxRequests: 2147483647']) {
      const policy = `trafficPolicy: { connectionPool: { tcp: {}, http: { ${most} } } }`;
      const [only] = poolsIn(await read(rule(policy)));
      expect(only).toMatchObject({
        requests: { most: Infinity },
        connections: { most: Infinity },
        streams: Infinity,
        pending: Infinity,
      });
    }
    expect(await bounds(rule('trafficPolicy: { tls: {} }'))).toEqual([Infinity]);
    expect(await bounds('kind: Other')).toEqual([]);
  });

  it('bounds those who retry nothing, too', async () => {
    const calm = service('retries: { attempts: 0 }');
    expect(await bounds(calm + rule(`trafficPolicy: { ${pool(3)} }`))).toEqual([3]);
  });
});

describe('of several pools all are read', () => {
  it.each([
    ['a subset inherits it', `trafficPolicy: { ${pool(3)} }`, '', [3, 3]],
    ['or has its own', `trafficPolicy: { ${pool(3)} }`, `trafficPolicy: { ${pool(5)} }`, [3, 5]],
    ['or has all of it alone', '', `trafficPolicy: { ${pool(5)} }`, [Infinity, 5]],
    [
      'and a port inherits nothing',
      `trafficPolicy: { ${pool(3)}, portLevelSettings: [{ tls: {} }, { ${pool(4)} }] }`,
      'trafficPolicy: { tls: {} }',
      [3, Infinity, 4, 3, Infinity, 4],
    ],
    [
      'and a port of a subset as little',
      `trafficPolicy: { ${pool(3)} }`,
      'trafficPolicy: { portLevelSettings: [{ tls: {} }] }',
      [3, 3, Infinity],
    ],
  ])('%s', async (_, general, subset, expected) => {
    const yaml = rule(`subsets: [{ name: a, ${subset} }]\n  ${general}`);
    expect(await bounds(yaml)).toEqual(expected);
  });

  it('of each host that requests may be sent to, if each has one', async () => {
    const routes = `kind: VirtualService
spec:
  hosts: [payments]
  http:
    - match: [{ uri: { prefix: /calm } }]
      route: [{ destination: { host: payments-old } }]
      retries: { attempts: 0 }
    - route: [{ destination: { host: payments-new } }]
`;
    const old = rule(`trafficPolicy: { ${pool(3)} }`, 'payments-old');
    const next = rule(`trafficPolicy: { ${pool(5)} }`, 'payments-new');
    expect((await bounds(routes + old + next)).toSorted()).toEqual([3, 5]);
    expect(await bounds(routes + old)).toEqual([]);
    expect(await bounds(routes + next)).toEqual([]);
  });

  it('of each of two hosts that a wildcard is for, since each has one', async () => {
    const both = `kind: VirtualService
spec:
  hosts: [payments]
  http:
    - route: [{ destination: { host: payments } }, { destination: { host: stock } }]
`;
    const all = rule(`trafficPolicy: { ${pool(3)} }`, "'*.svc.cluster.local'");
    expect(await bounds(both + all)).toEqual([3, 3]);
  });
});

const places = meshReader(
  fleetOf({
    services: {
      'web.east': { calls: [{ to: 'payments.shop' }] },
      'web.west': { calls: [{ to: 'payments.shop' }] },
      'payments.shop': {},
    },
  }),
);

const exported = (namespace: string, most: number): string => `---
kind: DestinationRule
metadata: { name: payments, namespace: ${namespace} }
spec: { host: payments.shop.svc.cluster.local, exportTo: ['.'], trafficPolicy: { ${pool(most)} } }
`;
/** Of the caller in the east, and of the one in the west. */
const boundsOfBoth = async (yaml: string): Promise<readonly (readonly number[])[]> => {
  const found = await places(yaml);
  return ['web.east', 'web.west'].map((from) =>
    sidecar(found, 'payments.shop', from).pools.map(({ requests }) => requests.most),
  );
};

it('are those that its own caller sees', async () => {
  const east = exported('east', 3);
  expect(await boundsOfBoth(east + exported('west', 5))).toEqual([[3], [5]]);
  expect(await boundsOfBoth(east)).toEqual([[3], []]);
});

it('is no bound of a waypoint, of which nobody knows how many there are', async () => {
  const ambient = `kind: Namespace
metadata: { name: shop, labels: { istio.io/dataplane-mode: ambient, istio.io/use-waypoint: w } }
---
`;
  const routes = service('retries: { attempts: 2 }').replace(
    'name: payments',
    'name: payments, namespace: shop',
  );
  const found = await read(ambient + routes + rule(`trafficPolicy: { ${pool(3)} }`));
  expect(poolsIn(found)).toEqual([]);
  expect(await bounds(routes + rule(`trafficPolicy: { ${pool(3)} }`))).toEqual([3]);
});
