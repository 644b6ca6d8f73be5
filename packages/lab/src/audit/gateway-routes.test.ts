/** Routes of the Gateway API, as Istio makes VirtualServices of them. */
import { describe, expect, it } from 'vitest';

import { meshReader, rules, service, sidecar } from '../../test/meshes.ts';
import { fleetOf } from '../spec/fleet.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();
const readAbroad = meshReader(
  fleetOf({
    services: { checkout: { calls: [{ to: 'api.bank.com' }] }, 'api.bank.com': { external: true } },
    users: { shoppers: { to: 'checkout', rate: 10 } },
  }),
);

const readFleet = meshReader(
  fleetOf({
    services: { 'checkout.front': { calls: [{ to: 'payments' }] }, payments: {} },
    users: { shoppers: { to: 'checkout.front', rate: 10 } },
  }),
);

interface Given {
  readonly kind?: string;
  readonly namespace?: string;
  /** A service's, unless it says a gateway's. */
  readonly parent?: string;
  readonly more?: string;
}

const SERVICE = '{ kind: Service, group: "", name: payments, port: 80 }';
const GATEWAY = '{ name: public, namespace: istio-ingress }';

/** A route to a service with one rule that says this as well. */
function route(
  rule: string,
  { kind, namespace, parent, more }: Given = {},
  to = 'payments',
): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: ${kind ?? 'HTTPRoute'}
metadata: { name: it, namespace: ${namespace ?? 'shop'} }
spec:
  parentRefs: [${parent ?? SERVICE}]
  ${more ?? ''}
  rules: [{ backendRefs: [{ name: ${to}, port: 80 }]${rule === '' ? '' : `, ${rule}`} }]
`;
}

const invalid = ({ findings }: LayersRead): readonly string[] =>
  findings.filter(({ rule }) => rule === 'invalid-mesh-config').map(({ message }) => message);

const unmatched = ({ findings }: LayersRead): readonly string[] =>
  findings.filter(({ rule }) => rule === 'mesh-name-unmatched').map(({ message }) => message);

describe('an HTTPRoute of a service', () => {
  it('says how often its callers try, on what, and how long', async () => {
    const found = await read(
      route(
        'timeouts: { request: 10s, backendRequest: 1500ms }, retry: { attempts: 4, codes: [500, 503], backoff: 100ms }',
      ),
    );
    const layer = sidecar(found);
    expect(layer).toMatchObject({ maxAttempts: 5, perTry: 1500, timeout: 10_000, implicit: false });
    expect(layer.retryOn.slice(-4)).toEqual(['cancelled', 'retriable-status-codes', '500', '503']);
    expect([1, 2, 9].map(layer.backoff)).toEqual([100, 200, 1000]);
    expect(layer.place).toMatchObject({ line: 7, path: ['spec', 'rules', 0, 'retry'] });
    expect(rules(found, 'payments')).toEqual(['unbounded-retry-concurrency']);
    expect(unmatched(found)).toEqual([]);
  });

  it.each<[string, object]>([
    ['retry: { attempts: 0, codes: [503] }', { maxAttempts: 1, retryOn: [] }],
    ['retry: {}', { maxAttempts: 3, implicit: false }],
    ['', { maxAttempts: 3, implicit: true, timeout: Infinity }],
    ['timeouts: { request: 0s }', { timeout: Infinity }],
    // There is one limit for all of what nobody has asked for.
    ['timeouts: { request: 5s, backendRequest: 1s }', { timeout: 1000, perTry: 1000 }],
    ['timeouts: { backendRequest: 1s }, retry: { attempts: 0 }', { perTry: Infinity }],
    ['timeouts: { request: 1h1m }, retry: { backoff: 0s }', { timeout: 3_660_000 }],
  ])('with `%s` is %j', async (rule, expected) => {
    const found = await read(route(rule));
    expect(sidecar(found)).toMatchObject(expected);
    expect(invalid(found)).toEqual([]);
  });

  it('that says nothing of retries is told of in its own words', async () => {
    const { findings } = await read(route(''));
    const found = findings.find(
      ({ rule, at }) => [rule, at].join() === 'istio-default-retries,payments',
    );
    expect(found!.fix).toContain('`retry: { attempts: 0 }` in the HTTPRoute of payments');
    expect(found!.place).toMatchObject({ line: 7 });
  });

  it('may retry on what is the caller’s mistake', async () => {
    const { findings } = await read(route('retry: { codes: [429, 503] }'));
    expect(findings.find(({ rule }) => rule === 'retry-on-4xx')).toMatchObject({
      fix: 'Remove 429 from codes.',
      at: 'payments',
    });
  });

  it('counts with its worst rule, and so do several routes', async () => {
    const stated = route('retry: { attempts: 1 }');
    const two = stated.replace(
      'rules: [',
      'rules: [{ backendRefs: [{ name: payments }], retry: { attempts: 3 } }, ',
    );
    expect(sidecar(await read(two)).maxAttempts).toBe(4);
    const both = [stated, route('retry: { attempts: 6 }')].join('---\n');
    expect(sidecar(await read(both)).maxAttempts).toBe(7);
  });

  it('in the namespace of the callers is taken alone, whatever a VirtualService of the same host says', async () => {
    const stated = route('retry: { attempts: 1 }');
    const found = await read([service('retries: { attempts: 6 }'), stated].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(2);
    expect(found.findings.find(({ rule }) => rule === 'invalid-mesh-config')).toMatchObject({
      severity: 'warning',
      at: 'payments',
      message:
        'payments has an HTTPRoute and a VirtualService, of which sidecars in shop take only the HTTPRoute: retries and timeouts of the VirtualService have no effect',
      place: { line: 7 },
    });
  });

  it('comes after a VirtualService that is not exported to all', async () => {
    const own = service('retries: { attempts: 6 }').replace('spec:', "spec:\n  exportTo: ['.']");
    const found = await read([own, route('retry: { attempts: 1 }')].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(7);
    expect(invalid(found)).toEqual([expect.stringContaining('take only the VirtualService:')]);
  });

  it('is told of with a resource of the other kind, whatever else there is', async () => {
    const own = service('retries: { attempts: 6 }').replace('spec:', "spec:\n  exportTo: ['.']");
    const toAll = service('retries: { attempts: 9 }');
    const found = await read([own, toAll, route('retry: { attempts: 1 }')].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(7);
    expect(invalid(found)).toEqual([
      expect.stringMatching(
        /^payments has a VirtualService and an HTTPRoute, .* of the HTTPRoute /,
      ),
    ]);
  });

  it('elsewhere counts if it is worse than a VirtualService: which is older, no file says', async () => {
    const callers = readFleet(
      [
        service('retries: { attempts: 1 }').replace(
          '{ name: payments }',
          '{ name: payments, namespace: shop }',
        ),
        route('retry: { attempts: 6 }'),
      ].join('---\n'),
    );
    const found = await callers;
    expect(sidecar(found, 'payments', 'checkout.front').maxAttempts).toBe(7);
    expect(invalid(found)).toEqual([
      expect.stringContaining('take only the older one; no file says'),
    ]);
  });

  it('leaves to a VirtualService what callers ask for by another name', async () => {
    const byPublicName = service('retries: { attempts: 6 }').replace(
      '[payments]',
      '[pay.example.com]',
    );
    const found = await read([byPublicName, route('retry: { attempts: 1 }')].join('---\n'));
    expect(sidecar(found).maxAttempts).toBe(7);
    expect(invalid(found)).toEqual([]);
  });

  it('has no part in what is answered without the service', async () => {
    const redirect = 'filters: [{ type: RequestRedirect, requestRedirect: { statusCode: 302 } }]';
    const spec = route('retry: { attempts: 4 }');
    for (const rule of [`{ ${redirect}, retry: { attempts: 4 } }`, '{ retry: { attempts: 4 } }']) {
      const found = await read(spec.replace(/rules: .*/, `rules: [${rule}]`));
      expect(sidecar(found)).toMatchObject({ maxAttempts: 3, implicit: true });
    }
    const weightless = spec.replace('port: 80 }], retry', 'weight: 0 }], retry');
    expect(sidecar(await read(weightless)).maxAttempts).toBe(3);
  });

  it('is for all callers where its service is, and elsewhere for those in its own namespace', async () => {
    const inOther = SERVICE.replace('name: payments', 'name: payments, namespace: shop');
    const own = route('', {}, 'web').replaceAll('payments', 'web');
    const consumer = route('retry: { attempts: 4 }', { namespace: 'far', parent: inOther });
    const found = await read([own, own, consumer].join('---\n'));
    expect(sidecar(found)).toMatchObject({ maxAttempts: 3, implicit: true });
    expect(unmatched(found)).toEqual([
      'HTTPRoute it in far applies only to callers in other namespaces: the audit takes the callers of the spec to be in shop, so it counts for none of them',
    ]);
  });

  it.each(['kind: Service, ', 'kind: Service, group: gateway.networking.k8s.io, '])(
    'is none without the service’s group, with which Istio leaves it out: { %sname: payments }',
    async (parent) => {
      const stated = 'retry: { attempts: 4 }';
      const found = await read(route(stated, { parent: `{ ${parent}name: payments }` }));
      expect(sidecar(found)).toMatchObject({ maxAttempts: 3, implicit: true });
      expect(found.layers.filter(({ from }) => from === 'shoppers')).toEqual([]);
      expect(invalid(found)).toEqual([
        expect.stringContaining('spec.parentRefs[0].group must be "", the group of Service'),
      ]);
    },
  );

  it('may be of a ServiceEntry, by its name, for the hosts that are in it', async () => {
    const parent = '{ kind: ServiceEntry, group: networking.istio.io, name: bank }';
    const entry = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: bank, namespace: shop }
spec: { hosts: [api.bank.com], ports: [{ number: 80, name: http, protocol: HTTP }] }
`;
    const stated = route('retry: { attempts: 4 }', { parent }, 'api.bank.com');
    const found = await readAbroad([stated, entry].join('---\n'));
    expect(sidecar(found, 'api.bank.com')).toMatchObject({ maxAttempts: 5, implicit: false });
    expect(unmatched(found)).toEqual([]);
    expect(unmatched(await readAbroad(stated))).toEqual([
      'The host "bank" of an HTTPRoute matches no service of the spec',
    ]);
  });

  it('of no service of the spec is told of', async () => {
    const found = await read(route('', { parent: SERVICE.replace('payments', 'paymnts') }));
    expect(unmatched(found)).toEqual([
      'The host "paymnts" of an HTTPRoute matches no service of the spec',
    ]);
  });
});

describe('an HTTPRoute of a gateway', () => {
  it('is for what users send to where it leads', async () => {
    const more = 'hostnames: [shop.example.com]';
    const found = await read(route('retry: { attempts: 4 }', { parent: GATEWAY, more }, 'web'));
    expect(sidecar(found, 'web', 'shoppers')).toMatchObject({ maxAttempts: 5, implicit: false });
    expect(sidecar(found)).toMatchObject({ maxAttempts: 3, implicit: true });
    expect(unmatched(found)).toEqual([]);
  });

  it('is told of where it leads to nobody whom the spec knows', async () => {
    const found = await read(route('', { parent: GATEWAY }, 'wob'));
    expect(unmatched(found)).toEqual([
      'The host "wob" of an HTTPRoute matches no service of the spec',
    ]);
    expect(found.layers.filter(({ from }) => from === 'shoppers')).toEqual([]);
  });
});

describe('a GRPCRoute', () => {
  it('leaves its service to the default, for it has no words for retries', async () => {
    const found = await read(route('', { kind: 'GRPCRoute' }));
    expect(sidecar(found)).toMatchObject({ maxAttempts: 3, implicit: true });
    const { fix } = found.findings.find(({ at }) => at === 'payments')!;
    expect(fix).toContain('since a GRPCRoute has no field for retries');
    const stated = await read(route('retry: { attempts: 4 }', { kind: 'GRPCRoute' }));
    expect(invalid(stated)).toEqual([
      expect.stringContaining('spec.rules[0].retry is not a field'),
    ]);
  });
});

describe('what is wrong with such a route', () => {
  it.each([
    ['timeouts: { request: 1.5s }', 'timeouts.request must be a duration of the Gateway API'],
    ['timeouts: { request: 5 }', 'timeouts.request must be a duration of the Gateway API'],
    ['timeouts: 5s', 'timeouts must be an object'],
    [
      'timeouts: { request: 1s, backendRequest: 2s }',
      'backendRequest must be at most the time of `request`',
    ],
    ['timeouts: { backend: 2s }', 'timeouts.backend is not a field'],
    ['retry: 3', 'retry must be an object'],
    ['retry: { attempts: -1 }', 'attempts must be an integer from 0'],
    ['retry: { attempts: "3" }', 'attempts must be an integer'],
    ['retry: { codes: 503 }', 'codes must be a list'],
    ['retry: { codes: [200] }', 'codes[0] must be an integer from 400 to 599'],
    ['retry: { retryOn: 5xx }', 'retry.retryOn is not a field'],
    ['retries: { attempts: 3 }', 'rules[0].retries is not a field'],
  ])('`%s` is found', async (rule, message) => {
    const found = await read(route(rule));
    expect(invalid(found)).toEqual([expect.stringContaining(message)]);
    expect(found.findings.find(({ rule: id }) => id === 'invalid-mesh-config')!.at).toBe(
      'payments',
    );
  });

  it.each([
    [
      '{}',
      'parentRefs[0].name must be a string, and is missing',
      SERVICE.replace('name: payments, ', ''),
    ],
    ['{}', 'parentRefs[0] must be an object', 'payments'],
  ])('so is %s', async (_, message, parent) => {
    expect(invalid(await read(route('', { parent })))).toEqual([expect.stringContaining(message)]);
  });

  it('is nothing of a resource of another group', async () => {
    const other = route('retry: { attempts: 4 }').replace('gateway.networking', 'example');
    expect(sidecar(await read(other)).maxAttempts).toBe(3);
  });
});

describe('kinds that are not read', () => {
  const filter = 'apiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nspec: {}\n';
  const linkerd = route('timeouts: { request: 1s }').replace(
    'gateway.networking.k8s',
    'policy.linkerd',
  );

  it('are told of once each', async () => {
    const { findings } = await read([filter, filter, linkerd].join('---\n'));
    const found = findings.filter(({ rule }) => rule === 'mesh-kind-not-read');
    expect(found).toMatchObject([
      { severity: 'info', at: 'EnvoyFilter', value: 2, place: { line: 1 } },
      { severity: 'info', at: 'HTTPRoute', value: 1, place: { line: 9 } },
    ]);
    expect(found[0]!.message).toBe(
      'The files have 2 EnvoyFilter (networking.istio.io/v1alpha3), which may change timeouts, retries or limits and which the audit does not read',
    );
    expect(unmatched({ findings, layers: [] })).toEqual([]);
  });

  it.each([
    ['flagger.app/v1beta1', 'Canary'],
    ['projectcontour.io/v1', 'HTTPProxy'],
    ['getambassador.io/v3alpha1', 'Mapping'],
    ['gateway.kgateway.dev/v1alpha1', 'TrafficPolicy'],
    ['kuma.io/v1alpha1', 'Retry'],
  ])(
    'are those of other meshes and gateways, and what writes routes: %s %s',
    async (group, kind) => {
      const found = await read(`apiVersion: ${group}\nkind: ${kind}\nspec: {}\n`);
      expect(rules(found, kind)).toEqual(['mesh-kind-not-read']);
    },
  );

  it('are others without a word', async () => {
    const other = 'apiVersion: networking.istio.io/v1\nkind: Gateway\nspec: {}\n';
    expect(rules(await read(other))).not.toContain('mesh-kind-not-read');
    expect(rules(await read(filter.replace('EnvoyFilter', 'toString')))).not.toContain(
      'mesh-kind-not-read',
    );
  });
});
