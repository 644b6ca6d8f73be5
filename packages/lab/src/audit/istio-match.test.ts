import { describe, expect, it } from 'vitest';

import { meshReader, sidecar } from '../../test/meshes.ts';
import type { LayersRead } from './layers.ts';

const read = meshReader();

/** Of a VirtualService for sidecars and a gateway, with these routes. */
function routed(host: string, ...routes: readonly string[]): Promise<LayersRead> {
  const http = routes.map(
    (route) => `    - { route: [{ destination: { host: ${host} } }], ${route} }\n`,
  );
  return read(
    `kind: VirtualService\nspec:\n  hosts: [${host}, shop.example.com]\n  gateways: [mesh, public]\n  http:\n${http.join('')}`,
  );
}

/** With so many attempts that one sees it. */
function matching(matches: string): string {
  return `match: [${matches}], retries: { attempts: 9 }`;
}

function invalid({ findings }: LayersRead): LayersRead['findings'] {
  return findings.filter(({ rule }) => rule === 'invalid-mesh-config');
}

const forUsers = 'match: [{ gateways: [public], uri: { prefix: /a } }], retries: { attempts: 9 }';

describe('a route whose matches name gateways', () => {
  it('is for those alone: what a gateway does is none of the sidecars', async () => {
    const found = await routed('payments', forUsers, 'retries: { attempts: 1 }');
    expect(sidecar(found).maxAttempts).toBe(2);
    const atGateway = await routed('web', forUsers, 'retries: { attempts: 1 }');
    expect(sidecar(atGateway, 'web', 'shoppers').maxAttempts).toBe(10);
  });

  it('is for sidecars alone where it names the mesh', async () => {
    const forSidecars = forUsers.replace('public', 'mesh');
    const found = await routed('payments', forSidecars, 'retries: { attempts: 1 }');
    expect(sidecar(found).maxAttempts).toBe(10);
    const atGateway = await routed('web', forSidecars, 'retries: { attempts: 1 }');
    expect(sidecar(atGateway, 'web', 'shoppers').maxAttempts).toBe(2);
  });

  it.each([
    'match: [{ gateways: [public] }, { uri: { prefix: /a } }], retries: { attempts: 9 }',
    'match: [{ gateways: [public, mesh] }], retries: { attempts: 9 }',
    'match: [{ gateways: [] }], retries: { attempts: 9 }',
    'match: null, retries: { attempts: 9 }',
  ])('is for all where one of its matches is: %s', async (route) => {
    expect(sidecar(await routed('payments', route)).maxAttempts).toBe(10);
    expect(sidecar(await routed('web', route), 'web', 'shoppers').maxAttempts).toBe(10);
  });

  it('counts for calls to the world outside, which may leave by that gateway', async () => {
    const found = await routed(
      'bank',
      'match: [{ gateways: [mesh] }], retries: { attempts: 0 }',
      forUsers,
    );
    expect(sidecar(found, 'bank').maxAttempts).toBe(10);
  });
});

describe('a route after one that takes every request', () => {
  const last = 'retries: { attempts: 9 }';
  it.each([
    '',
    'match: [],',
    'match: [{ uri: { prefix: / } }],',
    'match: [{ uri: { exact: /a } }, { name: rest, uri: { regex: .* } }],',
  ])('counts for nobody, as Istio leaves it out, and is told of: %s', async (match) => {
    const found = await routed('payments', `${match} retries: { attempts: 0 }`, last, last);
    expect(sidecar(found).maxAttempts).toBe(1);
    expect(invalid(found)).toMatchObject([
      {
        severity: 'warning',
        at: 'payments',
        message: 'spec.http[0] takes every request, so 2 routes after it take none',
        place: { line: 7, path: ['spec', 'http', 1] },
      },
    ]);
  });

  it.each([
    'match: [{ uri: { prefix: /a } }],',
    'match: [{ uri: { prefix: / }, method: { exact: GET } }],',
    'match: [{ port: 80 }],',
    'match: [{ sourceLabels: { app: web } }],',
    'match: { uri: { prefix: / } },',
  ])('counts where that one leaves some: %s', async (match) => {
    const found = await routed('payments', `${match} retries: { attempts: 0 }`, last);
    expect(sidecar(found).maxAttempts).toBe(10);
  });

  it('counts for a gateway where only requests of sidecars are taken', async () => {
    const found = await routed(
      'web',
      'match: [{ gateways: [mesh] }], retries: { attempts: 0 }',
      last,
    );
    expect(sidecar(found, 'web', 'shoppers').maxAttempts).toBe(10);
    const inside = await routed(
      'stock',
      'match: [{ gateways: [mesh] }], retries: { attempts: 0 }',
      last,
    );
    expect(sidecar(inside, 'stock').maxAttempts).toBe(1);
    expect(invalid(inside)).toEqual([]);
  });

  it('delegates nothing', async () => {
    const root =
      'kind: VirtualService\nmetadata: { name: root }\nspec: { hosts: [payments], http: ';
    const first = '{ route: [{ destination: { host: payments } }], retries: { attempts: 0 } }';
    const rest =
      'kind: VirtualService\nmetadata: { name: rest }\nspec: { http: [{ route: [{ destination: { host: payments } }], retries: { attempts: 9 } }] }';
    const found = await read(`${root}[${first}, { delegate: { name: rest } }] }\n---\n${rest}\n`);
    expect(sidecar(found).maxAttempts).toBe(1);
  });
});

describe('a route whose matches name the namespace of callers', () => {
  it('is for no others: they have the next one, or the default', async () => {
    const batch = matching('{ sourceNamespace: batch }');
    const next = await routed('payments', batch, 'retries: { attempts: 1 }');
    expect(sidecar(next).maxAttempts).toBe(2);
    expect(sidecar(await routed('payments', batch))).toMatchObject({ implicit: true });
  });

  it.each([
    '{ sourceNamespace: default }',
    '{ sourceNamespace: batch }, { uri: { prefix: /a } }',
    '{ sourceNamespace: batch, gateways: [mesh] }',
  ])('is for them: %s', async (match) => {
    expect(sidecar(await routed('payments', matching(match))).maxAttempts).toBe(10);
  });
});
