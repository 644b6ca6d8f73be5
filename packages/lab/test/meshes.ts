/** A fleet, and files of a mesh's configuration for it: what the tests of the Istio reader share. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { readIstio } from '../src/audit/istio.ts';
import type { Layer, LayersRead } from '../src/audit/layers.ts';
import { fleetOf } from '../src/spec/fleet.ts';
import type { Fleet } from '../src/spec/model.ts';

const fleet: Fleet = fleetOf({
  name: 'shop',
  services: {
    web: { replicas: 2, calls: [{ to: 'checkout', policy: 'none' }] },
    checkout: {
      calls: [
        { to: 'payments', policy: { retry: { maxAttempts: 3 } } },
        { to: 'stock', policy: 'none' },
        { to: 'bank', policy: 'none' },
      ],
    },
    payments: { replicas: 4, workers: 5 },
    stock: { replicas: 10 },
    bank: { external: true },
  },
  users: { shoppers: { to: 'web', rate: 10 } },
});

/** Answers what reads these words as the one file of a mesh, of the shop or of another fleet. Call it at the top of a test file. */
export function meshReader(of = fleet): (yaml: string) => Promise<LayersRead> {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'istio-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return async (yaml) => {
    const file = join(folder, 'mesh.yaml');
    await writeFile(file, yaml);
    return readIstio(file, of);
  };
}

/** A VirtualService of payments with one route that says this, and leads there; or with those that `{` begins. */
export function service(http: string): string {
  const route = http.startsWith('{') ? '' : '\n      route: [{ destination: { host: payments } }]';
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: payments }
spec:
  hosts: [payments]
  http:
    - ${http}${route}
`;
}

/** The one layer of this edge's sidecar. */
export function sidecar({ layers }: LayersRead, to = 'payments', from = 'checkout'): Layer {
  const found = layers.filter(
    (layer) => layer.kind === 'sidecar' && layer.to === to && layer.from === from,
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The rules of what was found, of one edge alone if that is given. */
export function rules({ findings }: LayersRead, at?: string): readonly string[] {
  return findings.filter((finding) => at === undefined || finding.at === at).map((f) => f.rule);
}
