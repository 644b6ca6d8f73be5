import { describe, expect, it } from 'vitest';

import { meshReader, rules, service, sidecar } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();

const AMBIENT = 'istio.io/dataplane-mode: ambient';
const WAYPOINT = 'istio.io/use-waypoint: waypoint';

/** Something in a namespace, or one itself, with these labels. */
function labelled(kind: string, name: string, labels: string, more = ''): string {
  return `kind: ${kind}\nmetadata: { name: ${name}, labels: { ${labels} }${more} }\n`;
}

/** The callees of which a layer repeats something for callers in the mesh. */
function repeated({ layers }: LayersRead): readonly string[] {
  const sidecars = layers.filter(({ kind, from }) => kind === 'sidecar' && from !== 'shoppers');
  return sidecars.map(({ to }) => to);
}

const inbound = ({ layers }: LayersRead): readonly string[] =>
  layers.filter(({ kind }) => kind === 'inbound').map(({ to }) => to);

describe('a namespace in ambient mode', () => {
  it('has no sidecars, and without a waypoint nobody retries', async () => {
    const found = await read(labelled('Namespace', 'shop', AMBIENT));
    expect(repeated(found)).toEqual([]);
    expect(inbound(found)).toEqual([]);
    expect(found.findings).toEqual([]);
  });

  it('makes routes have no effect that no waypoint reads', async () => {
    const routes = service('retries: { attempts: 7 }').replace(
      'payments }',
      'payments, namespace: shop }',
    );
    const found = await read([labelled('Namespace', 'shop', AMBIENT), routes].join('---\n'));
    expect(repeated(found)).toEqual([]);
    expect(found.findings).toMatchObject([
      {
        rule: 'invalid-mesh-config',
        severity: 'warning',
        at: 'payments',
        message:
          'payments is called in ambient mode and has no waypoint, so no proxy reads the VirtualService: its retries and its timeout have no effect',
      },
    ]);
  });

  it.each([
    ['the namespace', [labelled('Namespace', 'shop', `${AMBIENT}, ${WAYPOINT}`)]],
    [
      'the service',
      [
        labelled('Namespace', 'shop', AMBIENT),
        labelled('Service', 'payments', WAYPOINT, ', namespace: shop'),
      ],
    ],
  ])('has the routes of services with a waypoint: %s', async (_, labels) => {
    const routes = service('retries: { attempts: 7 }').replace(
      'payments }',
      'payments, namespace: shop }',
    );
    const found = await read([...labels, routes].join('---\n'));
    expect(repeated(found)).toEqual(['payments']);
    expect(sidecar(found)).toMatchObject({ maxAttempts: 8, concurrentFloor: 0 });
    expect(inbound(found)).toContain('payments');
    expect(rules(found)).toEqual(['unbounded-retry-concurrency']);
    const silent = await read(
      [...labels, routes.replace('retries: { attempts: 7 }', 'timeout: 1s')].join('---\n'),
    );
    expect(sidecar(silent)).toMatchObject({ maxAttempts: 3, implicit: true });
    const said = silent.findings.find(({ rule }) => rule === 'istio-default-retries');
    expect(said?.message).toContain('so the waypoint of payments retries 2 times');
  });

  it('leaves a service without that is told so', async () => {
    const found = await read(
      [
        labelled('Namespace', 'shop', `${AMBIENT}, ${WAYPOINT}`),
        labelled('Service', 'payments', 'istio.io/use-waypoint: none', ', namespace: shop'),
      ].join('---\n'),
    );
    expect(inbound(found)).toEqual(['web', 'checkout', 'stock']);
  });

  it('bounds retries by what holds where the waypoint is', async () => {
    const budget = `kind: DestinationRule
metadata: { name: payments, namespace: shop }
spec: { host: payments, trafficPolicy: { retryBudget: { percent: 20 } } }
`;
    const routes = service('retries: { attempts: 7 }').replace(
      'payments }',
      'payments, namespace: shop }',
    );
    const found = await read(
      [labelled('Namespace', 'shop', `${AMBIENT}, ${WAYPOINT}`), routes, budget].join('---\n'),
    );
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
    expect(rules(found)).toEqual([]);
  });

  it('has the routes of what users send to a gateway, as ever', async () => {
    const routes = `kind: VirtualService
metadata: { name: web, namespace: shop }
spec:
  hosts: [web.example.com]
  gateways: [public]
  http: [{ route: [{ destination: { host: web } }], retries: { attempts: 4 } }]
`;
    const found = await read([labelled('Namespace', 'shop', AMBIENT), routes].join('---\n'));
    expect(sidecar(found, 'web', 'shoppers').maxAttempts).toBe(5);
    expect(rules(found)).toEqual(['unbounded-retry-concurrency']);
  });

  it('is another one than that of the services', async () => {
    const routes = service('retries: { attempts: 7 }').replace(
      'payments }',
      'payments, namespace: shop }',
    );
    const found = await read([labelled('Namespace', 'far', AMBIENT), routes].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(8);
  });

  it.each([
    [
      'its workloads',
      'kind: Deployment\nmetadata: { name: web, namespace: shop }\nspec: { template: { metadata: { labels: { LABEL } } } }\n',
    ],
    ['a pod', 'kind: Pod\nmetadata:\n  labels: { LABEL }\n'],
    [
      'what makes it',
      'kind: Application\nspec:\n  syncPolicy: { managedNamespaceMetadata: { labels: { LABEL } } }\n',
    ],
  ])('may be one by %s, which the audit does not read, and says so', async (_, yaml) => {
    const found = await read(yaml.replace('LABEL', AMBIENT));
    expect(found.findings[0]).toMatchObject({
      rule: 'mesh-kind-not-read',
      severity: 'info',
      message: expect.stringContaining('but 1 place in the files sets it on workloads') as string,
      place: { line: 3 },
      value: 1,
    });
    expect(repeated(found)).toContain('payments');
  });

  it('is not where a workload is kept out of it, as the charts of gateways do', async () => {
    const gateway = `kind: Deployment
metadata: { name: ingress, namespace: shop }
spec: { template: { metadata: { labels: { istio.io/dataplane-mode: none } } } }
`;
    expect(rules(await read(gateway))).not.toContain('mesh-kind-not-read');
  });
});

const readElsewhere = meshReader(
  fleetOf({
    name: 'apart',
    services: {
      web: { calls: [{ to: 'payments' }, { to: 'ledger.books' }, { to: 'api.bank.com' }] },
      payments: {},
      'ledger.books': {},
      'api.bank.com': { external: true },
    },
  }),
);

/** A VirtualService that is wherever it is applied. */
const routesOf = (host: string): string => `kind: VirtualService
metadata: { name: routes }
spec: { hosts: [${host}], http: [{ route: [{ destination: { host: ${host} } }], retries: { attempts: 4 } }] }
`;

/** Says where the services are whose names do not say it. */
const IN_SHOP = `kind: DestinationRule
metadata: { name: payments, namespace: shop }
spec: { host: payments, trafficPolicy: {} }
`;

describe('a label for a waypoint counts for the service that its resource is', () => {
  it.each([
    [
      'a Service that does not say where it is',
      'payments',
      labelled('Service', 'payments', WAYPOINT),
    ],
    [
      'a Service in the namespace that the spec names with it',
      'ledger.books',
      labelled('Service', 'ledger', WAYPOINT, ', namespace: books'),
    ],
    [
      'a ServiceEntry, by its hosts',
      'api.bank.com',
      `${labelled('ServiceEntry', 'bank', WAYPOINT)}spec: { hosts: [api.bank.com], ports: [{ name: http, protocol: HTTP }] }\n`,
    ],
  ])('%s', async (_, to, resource) => {
    const host = to === 'ledger.books' ? 'ledger.books.svc.cluster.local' : to;
    const yaml = [labelled('Namespace', 'shop', AMBIENT), IN_SHOP, resource, routesOf(host)];
    const found = await readElsewhere(yaml.join('---\n'));
    expect(rules(found)).not.toContain('invalid-mesh-config');
    expect(sidecar(found, to, 'web').maxAttempts).toBe(5);
  });
});
