/** For whom a resource counts: its namespace, and those that it is exported to. */
import { describe, expect, it } from 'vitest';

import { meshReader, sidecar } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { Finding } from './finding.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();
const readTwo = meshReader(
  fleetOf({
    services: {
      web: { calls: [{ to: 'payments.other', policy: 'none' }] },
      'payments.other': { calls: [{ to: 'stock', policy: 'none' }] },
      stock: {},
    },
  }),
);

const readTeams = meshReader(
  fleetOf({
    services: {
      'web.team-a': { calls: [{ to: 'payments.team-b', policy: 'none' }] },
      'payments.team-b': { calls: [{ to: 'stock.team-b', policy: 'none' }] },
      'stock.team-b': { calls: [{ to: 'prices.team-c', policy: 'none' }] },
      'prices.team-c': {},
    },
  }),
);

/** What says that services are in the namespace shop. */
const SHOP = ['web', 'checkout', 'stock']
  .map((name) => `kind: DestinationRule\nmetadata: { namespace: shop }\nspec: { host: ${name} }\n`)
  .join('---\n');

const PAYMENTS = 'payments.shop.svc.cluster.local';

function routes(namespace: string, more = '', host = PAYMENTS): string {
  const http = `[{ route: [{ destination: { host: ${host} } }], retries: { attempts: 4 } }]`;
  const spec = `{ ${more}hosts: [${host}], http: ${http} }`;
  return `${SHOP}---\nkind: VirtualService\nmetadata: { name: it, namespace: ${namespace} }\nspec: ${spec}\n`;
}

function budget(namespace: string, more = '', host = PAYMENTS): string {
  const spec = `{ ${more}host: "${host}", trafficPolicy: { retryBudget: { percent: 20 } } }`;
  return `${SHOP}---\nkind: DestinationRule\nmetadata: { name: it, namespace: ${namespace} }\nspec: ${spec}\n`;
}

const said = ({ findings }: LayersRead): readonly Finding[] =>
  findings.filter(({ rule }) => rule === 'mesh-name-unmatched');

describe('where services are', () => {
  const entry = `kind: VirtualService
metadata: { name: entry, namespace: istio-ingress }
spec:
  hosts: [shop.example.com]
  gateways: [public]
  http: [{ route: [{ destination: { host: web.shop.svc.cluster.local } }], retries: { attempts: 4 } }]
`;
  const own = `kind: VirtualService
metadata: { name: payments, namespace: shop }
spec: { hosts: [payments], http: [{ retries: { attempts: 4 }, route: [{ destination: { host: payments } }] }] }
`;

  it('is where the routes of a gateway lead, and not where they are', async () => {
    const found = await read(entry);
    expect(sidecar(found, 'web', 'shoppers').maxAttempts).toBe(5);
    expect(said(found)).toEqual([]);
    const more = entry.replace('shop.example', 'api.example');
    const both = await read([entry, more, own].join('---\n'));
    expect(sidecar(both).maxAttempts).toBe(5);
    expect(said(both)).toEqual([]);
  });

  it("is where the hosts of the mesh's own namespace are", async () => {
    const central = `${routes('istio-system')}---\n${budget('istio-system')}`;
    const found = await read(central.replaceAll(`${SHOP}---\n`, ''));
    expect(sidecar(found)).toMatchObject({ maxAttempts: 5 });
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
    expect(said(found)).toEqual([]);
  });

  it('is not where most of the resources of a cluster are, which are of others', async () => {
    const others = ['a', 'b', 'c'].map((name) =>
      own.replaceAll('payments', name).replace('namespace: shop', 'namespace: far'),
    );
    const found = await read([...others, own].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(5);
    expect(said(found).map(({ at }) => at)).toEqual(['a', 'b', 'c']);
  });
});

describe('a VirtualService', () => {
  it.each([
    ['far', '', 5],
    ['far', 'exportTo: ["*"], ', 5],
    ['far', 'exportTo: [".", shop], ', 5],
    ['shop', 'exportTo: ["."], ', 5],
    ['far', 'exportTo: ["."], ', 3],
    ['shop', 'exportTo: ["far"], ', 3],
  ])('in %s with "%s" counts for whom it is exported to', async (namespace, more, attempts) => {
    const found = await read(routes(namespace, more));
    expect(sidecar(found).maxAttempts).toBe(attempts);
    expect(said(found).map(({ at }) => at)).toEqual(attempts === 3 ? ['payments'] : []);
  });

  it.each([
    ['defaultVirtualServiceExportTo: ["."]', '', 3],
    ['defaultVirtualServiceExportTo: ["."]', 'exportTo: ["*"], ', 5],
    ['defaultVirtualServiceExportTo: [".", shop]', '', 5],
    ['default_virtual_service_export_to: ["."]', '', 3],
    ['defaultDestinationRuleExportTo: ["."]', '', 5],
  ])('is exported as the mesh has it, %s, where it says "%s"', async (mesh, more, attempts) => {
    const found = await read(`${routes('far', more)}---\nmeshConfig: { ${mesh} }\n`);
    expect(sidecar(found).maxAttempts).toBe(attempts);
  });

  it('that counts for none of them is said to be for others', async () => {
    const [finding] = said(await read(routes('far', 'exportTo: ["."], ')));
    expect(finding).toMatchObject({ severity: 'info', at: 'payments' });
    expect(finding?.message).toBe(
      'VirtualService it in far applies only to callers in other namespaces: the audit takes the callers of the spec to be in shop, so it counts for none of them',
    );
    expect(finding?.fix).toContain('add shop to its exportTo');
  });

  it('at a gateway is read as ever: where that is, no file says', async () => {
    const found = await read(routes('shop', 'exportTo: ["."], gateways: [edge/public], ', 'web'));
    expect(found.layers.some(({ from, kind }) => from === 'shoppers' && kind === 'sidecar')).toBe(
      true,
    );
    expect(said(found)).toEqual([]);
  });
});

const lead = (host: string): string => `[{ route: [{ destination: { host: ${host} } }] }]`;
const opaque = (key: string, host: string, to = host): string =>
  `kind: VirtualService\nmetadata: { namespace: shop }\nspec: { hosts: [${host}], ${key}: ${lead(to)} }\n`;
const bank = (ports: string): string =>
  `kind: ServiceEntry\nmetadata: { name: bank, namespace: shop }\nspec: { hosts: [api.bank.example], ports: [${ports}] }\n---\n`;

describe('a VirtualService of connections alone', () => {
  it.each(['tcp', 'tls'])('has no retries, not even those of nobody: %s', async (key) => {
    const found = await read(opaque(key, 'payments'));
    expect(sidecar(found)).toMatchObject({ maxAttempts: 1, implicit: false });
    expect(found.findings.filter(({ at }) => at === 'payments')).toEqual([]);
    expect(sidecar(await read(opaque(key, 'db.example', 'payments'))).maxAttempts).toBe(1);
  });

  it('leaves the last word to routes of HTTP, and to a port of HTTP', async () => {
    const own = opaque('tcp', 'payments');
    expect(sidecar(await read(`${own}---\n${routes('shop')}`)).maxAttempts).toBe(5);
    const both = own.replace('spec: {', `spec: { http: ${lead('payments')},`);
    expect(sidecar(await read(both)).maxAttempts).toBe(3);
    const tls = opaque('tls', 'api.bank.example');
    const https = await read(bank('{ protocol: HTTPS }') + tls);
    expect(sidecar(https, 'bank').maxAttempts).toBe(1);
    const http = await read(bank('{ protocol: HTTPS }, { protocol: HTTP }') + tls);
    expect(sidecar(http, 'bank').maxAttempts).toBe(3);
  });
});

describe('a DestinationRule', () => {
  it.each([
    ['shop', '', 0.25],
    ['istio-system', '', 0.25],
    ['shop', 'exportTo: ["."], ', 0.25],
    ['istio-system', 'exportTo: ["."], ', Infinity],
    ['far', '', Infinity],
    ['far', 'exportTo: ["*"], ', Infinity],
  ])('in %s with "%s" counts where Istio looks for it', async (namespace, more, share) => {
    const found = await read(budget(namespace, more));
    expect(sidecar(found).extraShare).toBeCloseTo(share, 12);
    expect(said(found)).toHaveLength(share === Infinity ? 1 : 0);
  });

  it('is exported as the mesh has it where it does not say', async () => {
    const mesh = '---\nmeshConfig: { defaultDestinationRuleExportTo: ["."] }\n';
    expect(sidecar(await read(budget('istio-system') + mesh)).extraShare).toBe(Infinity);
    const stated = await read(budget('istio-system', 'exportTo: ["*"], ') + mesh);
    expect(sidecar(stated).extraShare).toBeCloseTo(0.25, 12);
    expect(sidecar(await read(budget('shop') + mesh)).extraShare).toBeCloseTo(0.25, 12);
  });

  it('for a wildcard is looked for there as well', async () => {
    expect(sidecar(await read(budget('far', '', '*.local'))).extraShare).toBe(Infinity);
    const everywhere = await read(budget('istio-system', '', '*.local'));
    expect(sidecar(everywhere).extraShare).toBeCloseTo(0.25, 12);
  });

  it('may be in the root namespace that the mesh names', async () => {
    const mesh = 'rootNamespace: mesh-config\n---\n';
    const found = await read(mesh + budget('mesh-config'));
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
    expect(sidecar(await read(mesh + budget('istio-system'))).extraShare).toBe(Infinity);
  });

  it("may be in the callee's namespace, and counts beside the ServiceEntry of what is outside", async () => {
    const other = await readTwo(budget('other', '', 'payments.other.svc.cluster.local'));
    expect(sidecar(other, 'payments.other', 'web').extraShare).toBeCloseTo(0.25, 12);
    const entry = `kind: ServiceEntry\nmetadata: { name: bank, namespace: egress }\nspec: { hosts: [api.bank.example], ports: [{ number: 80, protocol: HTTP }] }\n---\n`;
    const found = await read(entry + budget('egress', '', 'api.bank.example'));
    expect(sidecar(found, 'bank').extraShare).toBeCloseTo(0.25, 12);
  });
});

describe('what is for some callers', () => {
  const stated = 'kind: VirtualService\nmetadata: { name: it, namespace: team-b }\nspec:';
  const http = 'http: [{ route: [{ destination: { host: payments } }], retries: { attempts: 0 } }]';
  const bound = 'kind: DestinationRule\nmetadata: { name: it, namespace: team-b }\nspec:';
  const share = 'host: payments, trafficPolicy: { retryBudget: { percent: 20 } }';
  const to = 'payments.team-b';

  it.each([
    ['[team-a]', 1],
    ['["."]', 3],
    ['["*"]', 1],
  ])('by the exportTo %s of a VirtualService leaves the others the default', async (seen, most) => {
    const found = await readTeams(`${stated} { hosts: [payments], exportTo: ${seen}, ${http} }`);
    expect(sidecar(found, to, 'web.team-a').maxAttempts).toBe(most);
  });

  it.each([
    ['exportTo: [team-a], ', 0.25],
    ['exportTo: ["."], ', Infinity],
    ['workloadSelector: {}, ', Infinity],
    ['', 0.25],
  ])('bounds only these: { %s}', async (seen, extra) => {
    const found = await readTeams(`${bound} { ${seen}${share} }`);
    expect(sidecar(found, to, 'web.team-a').extraShare).toBeCloseTo(extra, 12);
    expect(said(found)).toHaveLength(0);
  });

  it('is looked for from the caller on: a wildcard of its own comes before what the callee has', async () => {
    const own = `---\nkind: DestinationRule\nmetadata: { namespace: team-a }\nspec: { host: "*.local" }`;
    const found = await readTeams(`${bound} { ${share} }\n${own}`);
    expect(sidecar(found, to, 'web.team-a').extraShare).toBe(Infinity);
    const root = await readTeams(`${bound} { ${share} }\n${own.replace('team-a', 'istio-system')}`);
    expect(sidecar(root, to, 'web.team-a').extraShare).toBeCloseTo(0.25, 12);
  });

  it("is an HTTPRoute beside another namespace's service", async () => {
    const parent = '{ group: "", kind: Service, namespace: team-b, name: payments }';
    const backend = 'backendRefs: [{ name: payments, namespace: team-b }]';
    const off = `{ parentRefs: [${parent}], rules: [{ ${backend}, retry: { attempts: 0 } }] }`;
    for (const [namespace, most] of [
      ['team-a', 1],
      ['team-b', 1],
      ['team-c', 3],
    ] as const) {
      const route = `kind: HTTPRoute\nmetadata: { namespace: ${namespace} }\nspec: ${off}`;
      const found = await readTeams(route);
      expect(sidecar(found, to, 'web.team-a').maxAttempts).toBe(most);
    }
  });
});

const entry = (exportTo: string): string =>
  `${SHOP}---\nkind: ServiceEntry\nmetadata: { name: bank, namespace: egress }\nspec: { hosts: [api.bank.example], exportTo: ["${exportTo}"], ports: [{ number: 80, protocol: HTTP }] }\n`;

const bankIsCalled = async (exportTo: string): Promise<boolean> =>
  (await read(entry(exportTo))).layers.some(({ to }) => to === 'bank');

it('a ServiceEntry that is not exported to callers tells their sidecars nothing', async () => {
  expect(await bankIsCalled('*')).toBe(true);
  expect(await bankIsCalled('shop')).toBe(true);
  expect(await bankIsCalled('.')).toBe(false);
});
