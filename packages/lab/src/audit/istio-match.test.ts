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
