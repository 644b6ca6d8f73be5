import { describe, expect, it } from 'vitest';

import { meshReader, rules, sidecar } from '../../test/meshes.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();

/** A VirtualService of payments that leads to these, as a canary does. */
function leading(...to: readonly string[]): string {
  const route = to.map((host) => `{ destination: { host: ${host} } }`).join(', ');
  return `kind: VirtualService\nspec: { hosts: [payments], http: [{ route: [${route}], retries: { attempts: 2 } }] }\n`;
}

function budget(host: string, percent: number): string {
  return `---\nkind: DestinationRule\nspec: { host: ${host}, trafficPolicy: { retryBudget: { percent: ${percent} } } }\n`;
}

/** The same in a namespace. */
function within(namespace: string, yaml: string): string {
  return yaml.replace('spec:', `metadata: { name: a, namespace: ${namespace} }\nspec:`);
}

function told(found: LayersRead): readonly string[] {
  return [...rules(found, 'payments'), ...rules(found, 'payments-next')];
}

describe('a DestinationRule', () => {
  it('bounds what requests are sent to, though they are for another name', async () => {
    const yaml = leading('payments-now', 'payments-next');
    const found = await read(yaml + budget('payments-now', 20) + budget('payments-next', 50));
    expect(sidecar(found).extraShare).toBeCloseTo(1, 12);
    expect(told(found)).toEqual([]);
  });

  it('bounds nothing if another host of the same routes has none', async () => {
    const found = await read(
      leading('payments-now', 'payments-next') + budget('payments-next', 20),
    );
    expect(sidecar(found).extraShare).toBe(Infinity);
    expect(told(found)).toEqual(['unbounded-retry-concurrency']);
  });

  it('bounds nothing for the name alone to which no request is sent', async () => {
    const found = await read(leading('payments-next') + budget('payments', 20));
    expect(sidecar(found).extraShare).toBe(Infinity);
    const both = await read(leading('payments', 'payments-next') + budget('"*.local"', 20));
    expect(sidecar(both).extraShare).toBeCloseTo(0.25, 12);
  });

  it('bounds so as well where a route of the Gateway API leads elsewhere', async () => {
    const found = await read(
      `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nspec: { parentRefs: [{ group: "", kind: Service, name: payments }], rules: [{ backendRefs: [{ name: payments-next }], retry: {} }] }\n${budget('payments-next', 20)}`,
    );
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
    expect(told(found)).toEqual([]);
  });

  it('bounds what a delegate of its routes leads to', async () => {
    const yaml = `kind: VirtualService
spec: { hosts: [payments], http: [{ delegate: { name: other } }] }
---
kind: VirtualService
metadata: { name: other }
spec: { http: [{ route: [{ destination: { host: payments-now } }, { destination: { host: payments-next } }], retries: { attempts: 2 } }] }
`;
    const found = await read(yaml + budget('payments-now', 20) + budget('payments-next', 50));
    expect(sidecar(found).extraShare).toBeCloseTo(1, 12);
    expect(told(found)).toEqual([]);
    expect(sidecar(await read(yaml + budget('payments', 20))).extraShare).toBe(Infinity);
  });

  it.each([
    ['gateways: [edge], http: [{ route: [TO], retries: { attempts: 2 } }]'],
    ['gateways: [edge, mesh], http: [{ match: [{ gateways: [edge] }], route: [TO] }]'],
    ['exportTo: [bank], http: [{ route: [TO], retries: { attempts: 2 } }]'],
    ['http: [{ route: [TO], retries: { attempts: 0 } }]'],
    ['tcp: [{ route: [TO] }]'],
  ])('need not bound where no retry of a sidecar goes: %s', async (spec) => {
    const other = spec.replace('TO', '{ destination: { host: payments-next } }');
    const yaml = `${leading('payments')}---\nkind: VirtualService\nspec: { hosts: [payments], ${other} }\n`;
    const found = await read(yaml + budget('payments', 20));
    expect(sidecar(found).extraShare).toBeCloseTo(0.25, 12);
  });

  it('bounds a canary that has no weight yet', async () => {
    const yaml = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
spec: { parentRefs: [{ group: "", kind: Service, name: payments }], rules: [{ backendRefs: [{ name: payments }, { name: payments-next, weight: 0 }] }] }
`;
    const found = await read(yaml + budget('payments', 20) + budget('payments-next', 50));
    expect(sidecar(found).extraShare).toBeCloseTo(1, 12);
    expect(told(found)).not.toContain('mesh-name-unmatched');
  });

  it('bounds a host of another namespace where it is beside that one, as Istio looks for it', async () => {
    const next = 'payments.next.svc.cluster.local';
    const routes = within('shop', leading(next));
    const beside = await read(routes + within('next', budget(next, 20)));
    expect(sidecar(beside).extraShare).toBeCloseTo(0.25, 12);
    expect(rules(beside, next)).toEqual([]);
    const elsewhere = await read(routes + within('other', budget(next, 20)));
    expect(sidecar(elsewhere).extraShare).toBe(Infinity);
    expect(rules(elsewhere, next)).toEqual(['mesh-name-unmatched']);
  });
});
