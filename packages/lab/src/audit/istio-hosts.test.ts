import { describe, expect, it } from 'vitest';

import { meshReader, rules, sidecar } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { Finding } from './finding.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();
const readApart = meshReader(
  fleetOf({
    name: 'two namespaces',
    services: {
      checkout: {
        calls: [
          { to: 'payments', policy: 'none' },
          { to: 'payments.other', policy: 'none' },
          { to: 'rates.example.com', policy: 'none' },
        ],
      },
      payments: {},
      'payments.other': {},
      'rates.example.com': { external: true },
    },
  }),
);

/** A resource of this kind, in the namespace shop unless another is given. */
const resource = (kind: string, spec: string, metadata = '{ name: it, namespace: shop }'): string =>
  `apiVersion: networking.istio.io/v1\nkind: ${kind}\nmetadata: ${metadata}\nspec: ${spec}\n`;

/** A VirtualService with four retries on this host, that leads there unless another is given. */
function routes(host: string, metadata?: string, to = host): string {
  const http = `[{ retries: { attempts: 4 }, route: [{ destination: { host: "${to}" } }] }]`;
  return resource('VirtualService', `{ hosts: ["${host}"], http: ${http} }`, metadata);
}

function budget(host: string, metadata?: string): string {
  const policy = '{ retryBudget: { percent: 50 } }';
  return resource('DestinationRule', `{ host: "${host}", trafficPolicy: ${policy} }`, metadata);
}

const entry = (spec: string, name: string): string =>
  resource('ServiceEntry', spec, `{ name: ${name}, namespace: egress }`);

const bank = (ports: string): string =>
  entry(`{ hosts: [api.bank.example], ports: ${ports} }`, 'bank');

/** What leaves the requests to payments to another. */
const root = (delegate: string): string =>
  resource('VirtualService', `{ hosts: [payments], http: [{ delegate: ${delegate} }] }`);
/** That other one. */
const sub = (namespace: string, hosts = ''): string =>
  resource(
    'VirtualService',
    `{ ${hosts}http: [{ route: [{ destination: { host: blue } }], retries: { attempts: 4 } }] }`,
    `{ name: sub, namespace: ${namespace} }`,
  );

const unmatched = ({ findings }: LayersRead): readonly Finding[] =>
  findings.filter(({ rule }) => rule === 'mesh-name-unmatched');

describe('a host', () => {
  it.each(['payments', 'Payments', 'payments.shop.svc.cluster.local', 'payments.shop.svc.corp'])(
    'names a service of the namespace that the resources are in: %s',
    async (host) => {
      const found = await read(`${routes(host)}---\n${budget(host)}`);
      expect(sidecar(found)).toMatchObject({ maxAttempts: 5, extraShare: 1 });
      expect(unmatched(found)).toEqual([]);
    },
  );

  it.each([
    [
      'payments.other.svc.cluster.local',
      'If this one is in other, name it payments.other in the spec',
    ],
    [
      'payments.example.com',
      'if you mean the service payments, write payments.shop.svc.cluster.local',
    ],
    ['payments.shop', 'if you mean the service payments, write payments.shop.svc.cluster.local'],
    ['10.0.0.7', 'add the service to the spec'],
  ])('names no service by its first label: %s', async (host, fix) => {
    const found = await read(`${routes(host)}---\n${budget(host)}`);
    expect(sidecar(found)).toMatchObject({ maxAttempts: 3, extraShare: Infinity });
    expect(unmatched(found).map(({ at }) => at)).toEqual([host, host]);
    for (const finding of unmatched(found)) expect(finding.fix).toContain(fix);
  });

  it('without a dot is of the namespace of its resource, and of the others where that says none', async () => {
    const elsewhere = '{ namespace: other }';
    const found = await read(
      [routes('stock'), budget('stock'), routes('payments', elsewhere)].join('---\n'),
    );
    expect(sidecar(found).maxAttempts).toBe(3);
    expect(unmatched(found).map(({ fix }) => fix)).toEqual([
      'The audit takes the services of the spec to be in the namespace shop. If this one is in other, name it payments.other in the spec.',
    ]);
    expect(sidecar(await read(routes('payments', '{}'))).maxAttempts).toBe(5);
  });

  it('is looked for in the namespace that the hosts say where no resource says one', async () => {
    const whole = 'payments.team.svc.cluster.local';
    const found = await read(`${routes(whole, '{}')}---\n${budget('payments', '{}')}`);
    expect(sidecar(found)).toMatchObject({ maxAttempts: 5, extraShare: 1 });
  });

  it('names a service of the spec that says its namespace, or that is called by a public name', async () => {
    const found = await readApart(
      [
        routes('payments.other.svc.cluster.local'),
        budget('payments', '{ namespace: other }'),
        routes('payments').replace('attempts: 4', 'attempts: 1'),
        routes('rates.example.com').replace('attempts: 4', 'attempts: 6'),
      ].join('---\n'),
    );
    expect(sidecar(found, 'payments.other')).toMatchObject({ maxAttempts: 5, extraShare: 1 });
    expect(sidecar(found)).toMatchObject({ maxAttempts: 2, extraShare: Infinity });
    expect(sidecar(found, 'rates.example.com').maxAttempts).toBe(7);
    expect(unmatched(found)).toEqual([]);
  });

  it('of the world outside is where its routes lead', async () => {
    const found = await read(routes('shop.example.com', undefined, 'payments'));
    expect(sidecar(found).maxAttempts).toBe(5);
    expect(unmatched(found)).toEqual([]);
  });

  it.each(['paiments', 'payments.other.svc.cluster.local', '*.other.svc.cluster.local'])(
    'of the cluster that is no service leads nowhere: %s',
    async (host) => {
      const found = await read(`${routes(host, undefined, 'payments')}---\n${budget('stock')}`);
      expect(sidecar(found).maxAttempts).toBe(3);
      expect(unmatched(found).map(({ at }) => at)).toEqual([host]);
    },
  );

  it('may be given to a service by a ServiceEntry of its name, or whose endpoints are it', async () => {
    const own = entry('{ hosts: [api.bank.example] }', 'bank');
    const found = await read(`${own}---\n${routes('api.bank.example')}`);
    expect(sidecar(found, 'bank').maxAttempts).toBe(5);
    const other = await read(`${own.replace('bank', 'x')}---\n${routes('api.bank.example')}`);
    expect(rules(other)).toContain('mesh-name-unmatched');
    const ends = 'endpoints: [null, { address: payments.shop.svc.cluster.local }]';
    const legacy = entry(`{ hosts: [pay.example], ${ends} }`, 'legacy');
    expect(sidecar(await read(`${legacy}---\n${routes('pay.example')}`)).maxAttempts).toBe(5);
    // In another namespace the name of one of one's own is another's.
    const same = entry('{ hosts: [pay.example] }', 'payments');
    expect(sidecar(await read(`${same}---\n${routes('pay.example')}`)).maxAttempts).toBe(3);
  });
});

describe('a ServiceEntry', () => {
  it.each([
    '[{ number: 80, protocol: HTTP }]',
    '[{ number: 443, protocol: HTTPS }, { number: 80, protocol: http2 }]',
    '[{ number: 80, protocol: GRPC }]',
    // Sidecars look into what nobody tells them.
    '[{ number: 80 }]',
  ])('makes an external service one of the mesh, which retries unasked: %s', async (ports) => {
    const found = await read(bank(ports));
    expect(sidecar(found, 'bank')).toMatchObject({ maxAttempts: 3, implicit: true });
    expect(rules(found, 'bank')).toEqual(['istio-default-retries', 'unbounded-retry-concurrency']);
  });

  it.each([
    '[]',
    'null',
    '[null]',
    '[{ protocol: TLS }]',
    '[{ protocol: HTTPS }, { protocol: TCP }]',
  ])('leaves connections alone that are no HTTP: %s', async (ports) => {
    const { layers } = await read(bank(ports));
    expect(layers.filter(({ to }) => to === 'bank')).toEqual([]);
  });

  it.each(['rates.example.com', '*.example.com'])(
    'has the service that its host is, whatever it is called: %s',
    async (host) => {
      const spec = `{ hosts: ["${host}"], ports: [{ number: 80, protocol: HTTP }] }`;
      const found = await readApart(entry(spec, 'anything'));
      expect(sidecar(found, 'rates.example.com').maxAttempts).toBe(3);
    },
  );

  it('leaves the last word to a VirtualService', async () => {
    const own = routes('api.bank.example', undefined, 'api.bank.example');
    const found = await read(`${bank('[{ protocol: HTTP }]')}---\n${own}`);
    expect(sidecar(found, 'bank')).toMatchObject({ maxAttempts: 5, implicit: false });
  });
});

describe('a wildcard', () => {
  it('stands for the services that it covers, and the longest goes first', async () => {
    const half = '*.shop.svc.cluster.local';
    const other = budget('*.local').replace('percent: 50', 'percent: 20');
    expect(sidecar(await read(`${budget(half)}---\n${other}`)).extraShare).toBe(1);
    const found = await read(`${budget('*.other.svc.cluster.local')}---\n${other}`);
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
    expect(unmatched(found).map(({ at }) => at)).toEqual(['*.other.svc.cluster.local']);
  });
});

describe('a default of the whole mesh', () => {
  it('does not say where services are', async () => {
    const everywhere = budget('*.local', '{ namespace: istio-system }');
    for (const metadata of [undefined, '{}']) {
      const own = routes('payments', metadata);
      const found = await read([everywhere, everywhere, own].join('---\n'));
      expect(sidecar(found)).toMatchObject({ maxAttempts: 5, extraShare: 1 });
      expect(unmatched(found)).toEqual([]);
    }
  });
});

describe('a delegate', () => {
  it('has its routes for the hosts that are led to it', async () => {
    const found = await read(`${root('{ name: sub }')}---\n${sub('shop')}`);
    expect(sidecar(found).maxAttempts).toBe(5);
    expect(unmatched(found)).toEqual([]);
  });

  it('is in the namespace of who delegates, unless that says another, and has no hosts', async () => {
    const far = sub('far');
    expect(sidecar(await read(`${root('{ name: sub }')}---\n${far}`)).maxAttempts).toBe(3);
    const said = root('{ name: sub, namespace: far }');
    expect(sidecar(await read(`${said}---\n${far}`)).maxAttempts).toBe(5);
    const named = sub('shop', 'hosts: [stock], ');
    const found = await read(`${root('{ name: sub }')}---\n${named}`);
    expect(sidecar(found).maxAttempts).toBe(3);
    expect(sidecar(found, 'stock').maxAttempts).toBe(5);
  });

  it('that is not in the files, or has hosts, is none, which is said', async () => {
    const lone = await read(root('{ name: sub, namespace: far }'));
    expect(unmatched(lone)).toMatchObject([{ at: 'payments', place: { line: 4, column: 49 } }]);
    expect(unmatched(lone)[0]?.message).toBe(
      'A route of payments is delegated to VirtualService sub in far, which is not in the files: Istio drops such a route',
    );
    const named = await read(`${root('{ name: sub }')}---\n${sub('shop', 'hosts: [stock], ')}`);
    const said = unmatched(named).map(({ message }) => message);
    expect(said[0]).toContain('VirtualService sub in shop, which has hosts of its own');
  });

  it('to which nobody delegates has no effect, which is said', async () => {
    for (const hosts of ['', 'hosts: [], ', 'hosts: null, ']) {
      const lone = sub('shop', hosts).replace('blue', 'payments');
      const found = await read(`${lone}---\n${root('{ name: another }')}`);
      expect(sidecar(found).maxAttempts).toBe(3);
      const said = found.findings.filter(({ rule }) => rule === 'invalid-mesh-config');
      expect(said).toMatchObject([{ at: 'VirtualService sub', severity: 'warning' }]);
      expect(said[0]?.message).toContain(
        'no hosts, and no other delegates to it: it has no effect',
      );
    }
    const led = await read(`${root('{ name: sub }')}---\n${sub('shop')}`);
    expect(rules(led)).not.toContain('invalid-mesh-config');
  });
});
