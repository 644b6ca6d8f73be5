import { describe, expect, it } from 'vitest';

import { meshReader, rules, service, sidecar } from '../../test/meshes.ts';
import { timeLimited } from './tries.ts';

const read = meshReader();

function operator(exclude503: string): string {
  const env = `{ EXCLUDE_UNSAFE_503_FROM_DEFAULT_RETRY: ${exclude503} }`;
  return `kind: IstioOperator\nspec: { values: { pilot: { env: ${env} } } }`;
}

/** A VirtualService with one route, and the one that it leaves its requests to. */
function pair(root: string, own: string): string {
  return `kind: VirtualService
spec: { hosts: [payments], http: [{ ${root}, delegate: { name: sub } }] }
---
kind: VirtualService
metadata: { name: sub }
spec: { http: [{ ${own}route: [{ destination: { host: payments } }] }] }`;
}

describe('retries', () => {
  it('counts attempts on top of the first try', async () => {
    const layer = sidecar(await read(service('retries: { attempts: 2 }')));
    expect(layer).toMatchObject({ maxAttempts: 3, implicit: false });
    expect(layer.place).toMatchObject({ line: 7, column: 7 });
  });

  it.each([
    'retries: { attempts: 0 }',
    'retries: { attempts: -1 }',
    'retries: { perTryTimeout: 2s }',
    'retries: {}',
  ])('is off with %s', async (http) => {
    const layer = sidecar(await read(service(http)));
    expect(layer).toMatchObject({ maxAttempts: 1, implicit: false, extraShare: 0, retryOn: [] });
    // Nothing else of the block has an effect.
    expect(layer.perTry).toBe(Infinity);
  });

  it('warns of a block that switches retries off without saying so', async () => {
    const off = 'istio-retries-off-by-block';
    const found = await read(service('retries: { perTryTimeout: 2s }'));
    expect(found.findings.find((finding) => finding.rule === off)).toMatchObject({
      severity: 'warning',
      at: 'payments',
      place: { line: 7, column: 7 },
    });
    expect(rules(await read(service('retries: { attempts: -1 }')))).toContain(off);
    const beside = await read(service('retries: { attempts: 0, perTryTimeout: 2s, retryOn: 5xx }'));
    expect(beside.findings.find((finding) => finding.rule === off)?.message).toContain(
      'has attempts: 0 and perTryTimeout and retryOn, which switches retries off',
    );
    expect(rules(await read(service('retries: { attempts: 0 }')))).not.toContain(off);
  });

  it('retries twice where nothing is said, without 503', async () => {
    const read1 = await read(service('timeout: 4s'));
    const layer = sidecar(read1);
    expect(layer).toMatchObject({ maxAttempts: 3, implicit: true, timeout: 4000, perTry: 4000 });
    expect(layer.retryOn).toEqual([
      'connect-failure',
      'refused-stream',
      'unavailable',
      'cancelled',
    ]);
    // Three attempts of the library make it nine.
    expect(read1.findings.find(({ at }) => at === 'payments')).toMatchObject({
      rule: 'istio-default-retries',
      severity: 'warning',
      value: 9,
    });
    expect(read1.findings.find(({ at }) => at === 'stock')).toMatchObject({
      rule: 'istio-default-retries',
      severity: 'info',
      value: 3,
    });
  });

  it('retries 503 as well where istiod is told to', async () => {
    expect(sidecar(await read(operator('"false"'))).retryOn).toContain('503');
    expect(sidecar(await read(operator('"true"'))).retryOn).not.toContain('503');
  });

  it('reads status codes among the conditions', async () => {
    const layer = sidecar(
      await read(service('retries: { attempts: 1, retryOn: "gateway-error, 500" }')),
    );
    expect(layer.retryOn).toEqual(['gateway-error', 'retriable-status-codes', '500']);
  });

  it('takes the default list where retryOn is not set', async () => {
    const layer = sidecar(await read(service('retries: { attempts: 1 }')));
    expect(layer.retryOn).toContain('connect-failure');
  });

  it('warns of 4xx, but not of 408 and 425', async () => {
    const found = await read(service('retries: { attempts: 1, retryOn: "404,408,425,429" }'));
    const finding = found.findings.find((one) => one.rule === 'retry-on-4xx');
    expect(finding).toMatchObject({ value: 404, at: 'payments', place: { line: 7 } });
    expect(finding?.message).toContain('404, 429');
    for (const fine of ['408,425,503', 'gateway-error']) {
      const clean = await read(service(`retries: { attempts: 1, retryOn: "${fine}" }`));
      expect(rules(clean)).not.toContain('retry-on-4xx');
    }
    expect(
      rules(await read(service('retries: { attempts: 1, retryOn: retriable-4xx }'))),
    ).toContain('retry-on-4xx');
    expect(rules(await read(service('retries: { attempts: 0, retryOn: "404" }')))).not.toContain(
      'retry-on-4xx',
    );
  });
});

describe('time', () => {
  it('has no limit where none is stated', async () => {
    expect(sidecar(await read('kind: Other'))).toMatchObject({
      timeout: Infinity,
      perTry: Infinity,
    });
  });

  it('limits each try by perTryTimeout, and all of them by timeout', async () => {
    const http = 'timeout: 3s\n      retries: { attempts: 2, perTryTimeout: 750ms }';
    expect(sidecar(await read(service(http)))).toMatchObject({ timeout: 3000, perTry: 750 });
  });

  it('lets no try outlive the timeout', async () => {
    const http = 'timeout: 1s\n      retries: { attempts: 2, perTryTimeout: 1m30s }';
    const layer = sidecar(await read(service(http)));
    expect(layer).toMatchObject({ perTry: 90_000, timeout: 1000 });
    expect(timeLimited([layer], Infinity).window).toBe(1000);
  });

  it('waits twice as long each time, at most ten times the base of 25 ms', async () => {
    const { backoff } = sidecar(await read(service('retries: { attempts: 6 }')));
    expect([1, 2, 3, 4, 5, 6].map(backoff)).toEqual([25, 50, 100, 200, 250, 250]);
    const own = sidecar(await read(service('retries: { attempts: 6, backoff: 10ms }')));
    expect([1, 5].map(own.backoff)).toEqual([10, 100]);
  });
});

describe('which service', () => {
  it('takes the worst of several routes', async () => {
    const to = 'route: [{ destination: { host: payments } }]';
    const several = (...http: string[]): string =>
      service(
        http
          .map((one, i) => `{ match: [{ uri: { prefix: /${i} } }], ${one}, ${to} }`)
          .join('\n    - '),
      );
    const layer = sidecar(
      await read(
        several('retries: { attempts: 1 }', 'retries: { attempts: 4 }', 'retries: { attempts: 0 }'),
      ),
    );
    expect(layer.maxAttempts).toBe(5);
    const longest = sidecar(await read(several('timeout: 1s', 'timeout: 5s')));
    expect(longest.timeout).toBe(5000);
  });

  it('has a layer for every edge between own services, and none to external ones or from users', async () => {
    const { layers } = await read('kind: Other');
    const edges = layers
      .filter(({ kind }) => kind === 'sidecar')
      .map(({ from, to }) => `${from} > ${to}`);
    expect(edges).toEqual(['web > checkout', 'checkout > payments', 'checkout > stock']);
  });

  it('has one to an external service that a VirtualService names', async () => {
    const found = await read(service('retries: { attempts: 1 }').replace('[payments]', '[bank]'));
    expect(sidecar(found, 'bank').maxAttempts).toBe(2);
  });

  it("takes a gateway's routes for users, by where they lead", async () => {
    const gateway = `kind: VirtualService
spec:
  hosts: [shop.example.com]
  gateways: [ingress]
  http: [{ route: [{ destination: { host: web } }] }]`;
    const found = await read(gateway);
    expect(sidecar(found, 'web', 'shoppers')).toMatchObject({ maxAttempts: 3, implicit: true });
    expect(found.findings.map((finding) => finding.rule)).not.toContain('mesh-name-unmatched');
    const both = await read(gateway.replace('[ingress]', '[ingress, mesh]'));
    expect(sidecar(both, 'web', 'shoppers').maxAttempts).toBe(3);
  });

  it('says so where nothing of Istio is in the files', async () => {
    // The second is a spec of a fleet, which may be given twice by a slip.
    for (const other of [
      'kind: Deployment\nspec: {}',
      'services: { web: {} }',
      '[1]',
      'some words',
    ]) {
      const nothing = await read(other);
      expect(nothing.findings.find(({ rule }) => rule === 'mesh-name-unmatched')).toMatchObject({
        severity: 'info',
        message: expect.stringContaining('has no Istio resources'),
      });
    }
    for (const own of ['meshConfig: { enableTracing: true }', 'kind: IstioOperator\nspec: {}']) {
      expect(rules(await read(own))).not.toContain('mesh-name-unmatched');
    }
    const mesh = await read('kind: IstioOperator\nspec: { meshConfig: { enableTracing: true } }');
    expect(rules(mesh)).not.toContain('mesh-name-unmatched');
  });

  it("takes a delegate's routes for those who have the routes that lead to it", async () => {
    const delegated = `kind: VirtualService
spec:
  hosts: [shop.example.com]
  gateways: [ingress]
  http: [{ delegate: { name: of-web } }]
---
kind: VirtualService
metadata: { name: of-web }
spec: { http: [{ route: [{ destination: { host: web } }], retries: { attempts: 4 } }] }`;
    const found = await read(delegated);
    expect(sidecar(found, 'web', 'shoppers').maxAttempts).toBe(5);
    expect(rules(found)).not.toContain('mesh-name-unmatched');
    const { layers } = await read(delegated.replace('gateways: [ingress]', 'gateways: [mesh]'));
    expect(layers.filter(({ from }) => from === 'shoppers')).toEqual([]);
  });

  it("gives a delegate's routes what the root says where they do not", async () => {
    const root = 'timeout: 2s, retries: { attempts: 0 }';
    const { layers, findings } = await read(pair(root, ''));
    expect(sidecar({ layers, findings })).toMatchObject({
      maxAttempts: 1,
      timeout: 2000,
      place: { line: 2, column: 50 },
    });
    expect(findings.filter(({ at }) => at === 'payments')).toEqual([]);
    const own = await read(pair(root, 'timeout: 5s, retries: { attempts: 4 }, '));
    expect(sidecar(own)).toMatchObject({ maxAttempts: 5, timeout: 5000, place: { line: 6 } });
  });

  it('leaves sidecars alone where only a gateway is bound', async () => {
    const bound = service('retries: { attempts: 7 }').replace(
      'hosts:',
      'gateways: [ingress]\n  hosts:',
    );
    expect(sidecar(await read(bound)).maxAttempts).toBe(3);
  });

  it('tells of names that are no services', async () => {
    const found = await read(
      service('retries: { attempts: 0 }').replace('[payments]', '[paiments]'),
    );
    expect(found.findings.find((finding) => finding.rule === 'mesh-name-unmatched')).toMatchObject({
      severity: 'info',
      at: 'paiments',
      place: { line: 5, column: 11 },
    });
  });

  it.each(['List', 'VirtualServiceList'])(
    'reads every document, and the items of a %s',
    async (kind) => {
      const http = '[{ retries: { attempts: 0 }, route: [{ destination: { host: stock } }] }]';
      const item = `{ kind: VirtualService, spec: { hosts: [stock], http: ${http} } }`;
      const found = await read(
        `${service('retries: { attempts: 0 }')}---\nkind: ${kind}\nitems:\n  - ${item}\n`,
      );
      expect(sidecar(found).maxAttempts).toBe(1);
      expect(sidecar(found, 'stock')).toMatchObject({ maxAttempts: 1, place: { line: 12 } });
    },
  );

  it('ignores a VirtualService of another group', async () => {
    const other = service('retries: { attempts: 7 }').replace(
      'networking.istio.io/v1',
      'k8s.f5.com/v1',
    );
    expect(sidecar(await read(other)).maxAttempts).toBe(3);
  });
});
