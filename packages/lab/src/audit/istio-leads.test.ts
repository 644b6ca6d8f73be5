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
});
