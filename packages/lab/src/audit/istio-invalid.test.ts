import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fleetOf } from '../spec/fleet.ts';
import type { Finding } from './finding.ts';
import { readIstio } from './istio.ts';

const fleet = fleetOf({
  name: 'shop',
  services: {
    web: { calls: [{ to: 'payments', policy: 'none' }] },
    payments: {},
  },
  users: { shoppers: { to: 'web', rate: 10 } },
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'istio-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function invalid(yaml: string): Promise<readonly Finding[]> {
  const file = join(folder, 'mesh.yaml');
  await writeFile(file, yaml);
  const { findings, layers } = await readIstio(file, fleet);
  expect(layers.some(({ kind, to }) => kind === 'sidecar' && to === 'payments')).toBe(true);
  return findings.filter(({ rule }) => rule === 'invalid-mesh-config');
}

/** What is wrong with a route that leads to payments, unless it leads elsewhere, and where. */
async function wrong(stated: string): Promise<string> {
  const to = ', route: [{ destination: { host: payments } }] }';
  const route = stated.includes('route:') ? stated : stated.replace(/ \}$/, to);
  const yaml = `kind: VirtualService\nspec:\n  hosts: [payments]\n  http:\n    - ${route}\n`;
  const found = await invalid(yaml);
  expect(found).toHaveLength(1);
  const [{ message, place, severity, at }] = found as [Finding];
  expect(at).toBe('payments');
  expect(severity).toBe('error');
  return `${place.line}:${place.column} ${message}`;
}

/** Ten times the level below. */
function level(i: number): string {
  const below = Array(10)
    .fill(`*l${i - 1}`)
    .join(', ');
  return `l${i}: &l${i} [${below}]`;
}

describe('fields', () => {
  it('are told of once, however often they are looked at', async () => {
    const found = await invalid('kind: VirtualService\nspec: { hosts: [payments], http: {} }');
    expect(found.map(({ message }) => message)).toEqual([
      'spec.http must be a list, got an object',
    ]);
  });

  it.each([
    ['{ retries: { attempts: "3" } }', '5:20', 'attempts must be an integer', 'got "3"'],
    ['{ retries: { attempts: 1.5 } }', '5:20', 'attempts must be an integer', 'got 1.5'],
    ['{ retries: 3 }', '5:9', 'retries must be an object', 'got 3'],
    ['{ retries: { attempts: 1, perTryTimeout: 2 } }', '5:33', 'must be a duration', 'got 2'],
    ['{ retries: { attempts: 1, perTryTimeout: 2 s } }', '5:33', 'must be a duration', 'got "2 s"'],
    ['{ retries: { attempts: 1, backoff: 25us } }', '5:33', 'of at least 1ms', 'got "25us"'],
    ['{ retries: { attempts: 1, backoff: -25ms } }', '5:33', 'must be a duration', 'got "-25ms"'],
    ['{ retries: { attempts: 1, retryOn: [5xx] } }', '5:33', 'must be a string', 'got an array'],
    ['{ retries: { attempts: 1, retryOn: "5xx,rest" } }', '5:33', 'has "rest"', 'HTTP status'],
    [
      '{ retries: { attempts: 1, per_try_timeout: 2s } }',
      '5:33',
      'is not a field',
      "'perTryTimeout'",
    ],
    ['{ timeout: 0s }', '5:9', 'of at least 1ms', 'got "0s"'],
    ['{ retries: { attempts: 1, perTryTimeout: 0s } }', '5:33', 'of at least 1ms', 'got "0s"'],
    ['{ timeout: 2600000h }', '5:9', 'at most 292 years', 'got "2600000h"'],
    ['{ timeout: soon }', '5:9', 'http[0].timeout must be a duration', 'got "soon"'],
    ['{ retrys: { attempts: 1 } }', '5:9', 'http[0].retrys is not a field', "'retries'"],
    ['{ timeout: 1s, route: [] }', '5:7', 'http[0] has none of route, redirect,', 'refuses'],
    ['{ route: [{ timeout: 1s }] }', '5:19', 'http[0].route[0].timeout is not a field', 'weight'],
    ['{ route: [{ destination: { hosts: a } }] }', '5:34', 'is not a field', "'host'"],
    ['nothing', '5:7', 'http[0] must be an object', 'got "nothing"'],
  ])('says where and what in %s', async (route, place, message, given) => {
    const text = await wrong(route);
    expect(text.startsWith(`${place} `)).toBe(true);
    expect(text).toContain(message);
    expect(text).toContain(given);
  });

  it.each([
    ['spec: { host: payments, trafficPolicy: { retryBudget: { percent: 120 } } }', '0 to 100'],
    ['spec: { host: payments, trafficPolicy: { retryBudget: { percent: 0.2 } } }', 'write 20'],
    ['spec: { host: payments, trafficPolicy: { retryBudget: { percent: 0.07 } } }', 'write 7 if'],
    ['spec: { host: payments, trafficPolicy: { retryBudget: { percent: "20" } } }', 'got "20"'],
    [
      'spec: { host: payments, trafficPolicy: { connectionPool: { http: { max_retries: 3 } } } }',
      "'maxRetries'",
    ],
    [
      'spec: { host: payments, trafficPolicy: { connectionPool: { tcp: { connectTimeout: 3 } } } }',
      'duration',
    ],
    ['spec: { host: payments, trafficPolicy: { outlierDetection: { interval: 10 } } }', 'duration'],
    ['spec: { host: payments, subsets: [{ connectionPool: {} }] }', 'subsets[0].connectionPool is'],
    [
      'spec: { host: payments, trafficPolicy: { portLevelSettings: [{ http: {} }] } }',
      'portLevelSettings[0].http is not a field',
    ],
    ['spec: { trafficPolicy: {} }', 'spec.host must be a string'],
    ['spec: [payments]', 'spec must be an object'],
    ['spec:', 'spec must be an object'],
  ])('checks DestinationRules: %s', async (text, expected) => {
    const [found, ...others] = await invalid(`kind: DestinationRule\n${text}\n`);
    expect(others).toEqual([]);
    expect(`${found?.message} ${found?.fix}`).toContain(expected);
    expect(found?.place.line).toBe(2);
  });

  it('takes 0s where that switches something off', async () => {
    const pool = '{ tcp: { idleTimeout: 0s }, http: { idleTimeout: "0" } }';
    const policy = `{ connectionPool: ${pool}, retryBudget: { budgetInterval: 0ms } }`;
    const rule = `kind: DestinationRule\nspec: { host: payments, trafficPolicy: ${policy} }`;
    expect(await invalid(rule)).toEqual([]);
    const [found] = await invalid(rule.replace('0s', '-1s'));
    expect(found?.message).toContain('tcp.idleTimeout must be a duration of at least 1ms');
  });

  it("knows a misspelt default of the mesh, and what is wrong inside a ConfigMap's text", async () => {
    const [misspelt] = await invalid('meshConfig:\n  defaultHTTPRetryPolicy: { attempts: 0 }');
    expect(misspelt?.message).toContain("did you mean 'defaultHttpRetryPolicy'?");
    const map = 'kind: ConfigMap\ndata:\n  mesh: |\n    trustDomain: a\n    rootNamespace: b: c';
    const [inner] = await invalid(map);
    expect(inner).toMatchObject({ rule: 'invalid-mesh-config', place: { line: 5 } });
  });

  it('say what becomes of the requests of a route', async () => {
    const found = await invalid(
      'kind: VirtualService\nspec: { hosts: [payments], http: [{ timeout: 1s }, { retries: {} }] }',
    );
    expect(found).toMatchObject([
      { severity: 'error', at: 'payments', place: { line: 2 } },
      { severity: 'error', at: 'payments', place: { line: 2 } },
    ]);
    for (const key of ['redirect', 'directResponse', 'delegate']) {
      const http = `http: [{ ${key}: {} }]`;
      expect(await invalid(`kind: VirtualService\nspec: { hosts: [payments], ${http} }`)).toEqual(
        [],
      );
    }
  });

  it('count a route that does nothing for nothing', async () => {
    const file = join(folder, 'mesh.yaml');
    const idle =
      'kind: VirtualService\nspec: { hosts: [payments], http: [{ retries: { attempts: 7 } }] }';
    await writeFile(file, idle);
    const { findings, layers } = await readIstio(file, fleet);
    expect(findings.map(({ rule }) => rule)).toContain('istio-default-retries');
    expect(layers.find(({ kind }) => kind === 'sidecar')).toMatchObject({
      maxAttempts: 3,
      implicit: true,
    });
  });

  it('takes null for not set', async () => {
    expect(
      await invalid(
        'kind: VirtualService\nspec: { hosts: [payments], http: [{ redirect: {}, retries: null, timeout: null }] }',
      ),
    ).toEqual([]);
  });
});

describe('files', () => {
  it.each([
    ['kind: VirtualService\n', 'spec must be an object, and is missing'],
    ['kind: DestinationRule\nspec: {}\n', 'spec.host must be a string, and is missing'],
    ['kind: DestinationRule\nspec: null\n', 'spec must be an object, got null'],
  ])('says what is missing: %j', async (yaml, message) => {
    expect((await invalid(yaml)).map((found) => found.message)).toEqual([message]);
  });

  it('says of a template that it has to be rendered', async () => {
    const chart = 'kind: VirtualService\nmetadata:\n  name: {{ .Release.Name }}-payments\n';
    const [found, ...others] = await invalid(chart);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ rule: 'invalid-mesh-config', severity: 'error' });
    expect(found?.message).toMatch(/mesh\.yaml is a template \(\{\{ \}\}\)/);
    expect(found?.fix).toContain('for example with `helm template`');
  });

  it('goes on after what is not YAML', async () => {
    await writeFile(join(folder, 'a.yaml'), 'spec: [1, 2\nkind: VirtualService: y\n');
    await writeFile(
      join(folder, 'b.yml'),
      'kind: VirtualService\nspec: { hosts: [payments], http: [{ retries: { attempts: 4 }, route: [{ destination: { host: payments } }] }] }',
    );
    const { layers, findings } = await readIstio(folder, fleet);
    expect(
      layers.find(({ to, kind }) => to === 'payments' && kind === 'sidecar')?.maxAttempts,
    ).toBe(5);
    const [found] = findings;
    expect(found).toMatchObject({ rule: 'invalid-mesh-config', severity: 'error', at: folder });
    expect(found?.message).toContain('a.yaml is not YAML');
    expect(found?.place.file).toBe(join(folder, 'a.yaml'));
  });

  it('reads a map of very many keys, each of them once', async () => {
    const keys = Array.from({ length: 200_000 }, (_, i) => `k${i}: 1`);
    expect(await invalid(keys.join('\n'))).toEqual([]);
    const [twice] = await invalid([...keys, 'k7: 2'].join('\n'));
    expect(twice).toMatchObject({ place: { line: 200_001, column: 1 } });
    expect(twice?.message).toContain('has the key "k7" twice in one place');
  });

  it('tells a hundred of what is wrong in one resource, and that there is more', async () => {
    const unknown = Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join(', ');
    const found = await invalid(
      `kind: VirtualService\nspec: { hosts: [payments], http: [{ ${unknown} }] }`,
    );
    expect(found).toHaveLength(101);
    expect(found.at(-1)?.message).toBe('more than 100 things are wrong: the others are not listed');
  });

  it('refuses a bomb of aliases', async () => {
    const bomb = ['l0: &l0 [x, x, x]', ...Array.from({ length: 9 }, (_, i) => level(i + 1))].join(
      '\n',
    );
    const [found] = await invalid(bomb);
    expect(found?.message).toContain('has too many aliases: from here on write them out');
    // Eleven times eleven each: with the eighth of the third level it is more than a thousand.
    expect(found?.place).toMatchObject({ line: 4, column: 45 });
  });

  it('reads ordinary anchors and merges', async () => {
    const yaml = `kind: VirtualService
spec:
  hosts: [payments]
  http:
    - { match: [{ port: 80 }], redirect: {}, retries: &r { attempts: "2" } }
    - { redirect: {}, retries: { <<: *r } }
`;
    expect((await invalid(yaml)).map(({ place }) => place.line)).toEqual([5, 6]);
  });

  it.each([
    ['brackets', '['.repeat(1_000_000)],
    ['braces', '{a: '.repeat(300_000)],
    ['dashes', '- '.repeat(500_000)],
    ['indents', Array.from({ length: 2500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ])('refuses what is nested too deeply: %s', async (_, text) => {
    const [found] = await invalid(text);
    expect(found?.message).toContain('nested more than 200 levels deep');
  });

  it('says so as well of what only the stack of the parser ends', async () => {
    const [found] = await invalid(
      Array.from({ length: 1990 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
    );
    expect(found?.message).toMatch(/mesh\.yaml is nested too deeply$/);
  });

  it('refuses a file that is too large', async () => {
    await expect(invalid(`# ${'x'.repeat(5 * 2 ** 20)}\n`)).rejects.toThrow(
      'more than the 4194304 that are read',
    );
  });

  it('refuses a path that does not exist, and a folder with nothing in it', async () => {
    const nowhere = readIstio(join(folder, 'nowhere'), fleet);
    await expect(nowhere).rejects.toThrow('nowhere does not exist');
    await expect(readIstio(folder, fleet)).rejects.toThrow('has no .yaml, .yml or .json file');
  });

  it('reads folders below in order of names, and follows no circle of links', async () => {
    await mkdir(join(folder, 'below'));
    await symlink(folder, join(folder, 'below', 'up'));
    await writeFile(join(folder, 'below', 'a.json'), '{ "kind": "VirtualService", "spec": [] }');
    await writeFile(join(folder, 'z.yaml'), 'kind: DestinationRule\nspec: []');
    await writeFile(join(folder, 'notes.txt'), 'kind: VirtualService: [');
    const { findings } = await readIstio(folder, fleet);
    const bad = findings.filter(({ rule }) => rule === 'invalid-mesh-config');
    expect(bad.map(({ at }) => at)).toEqual(['a VirtualService', 'a DestinationRule']);
  });

  it('takes whatever a document may be for nothing of ours', async () => {
    expect(await invalid('5\n---\ntext\n---\n[1, 2]\n---\n---\nkind: [VirtualService]\n')).toEqual(
      [],
    );
  });
});
