import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { fleetOf } from '../spec/fleet.ts';
import type { Finding } from './finding.ts';
import { readIstio } from './istio.ts';

const fleet = fleetOf({
  name: 'shop',
  services: { web: { calls: [{ to: 'payments', policy: 'none' }] }, payments: {} },
  users: { shoppers: { to: 'web', rate: 10 } },
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'istio-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(name: string, text: string | Uint8Array): Promise<string> {
  const file = join(folder, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

const MESH = `kind: VirtualService
metadata: { name: payments }
spec: { hosts: [payments], http: [{ route: [{ destination: { host: payments } }], retries: { attempts: 4 } }] }
`;

/** What is wrong with a file, and the attempts that the folder comes to. */
async function readFolder(path = folder): Promise<{ bad: readonly Finding[]; attempts: number }> {
  const { findings, layers } = await readIstio(path, fleet);
  const sidecar = layers.find(({ kind, to }) => kind === 'sidecar' && to === 'payments');
  const bad = findings.filter(({ rule }) => rule === 'invalid-mesh-config');
  return { bad, attempts: sidecar?.maxAttempts ?? 0 };
}

describe('a folder with much else in it', () => {
  it.each([
    ['records.json', '{ "a": 1 }\n{ "a": 2 }\n'],
    ['k8s/deployment.yaml', 'kind: Deployment\nmetadata: { name: a, name: a }\n'],
    ['playbook.yml', '{% for one in all %}\n- {{ one }}\n{% endfor %}\n'],
    ['chart/templates/service.yaml', '{{- if .Values.on }}\nkind: Service\n{{- end }}\n'],
    ['names.yaml', Uint8Array.from(Buffer.from('caf\u00e9: 1\n', 'latin1'))],
    ['lock.json', `["${'x'.repeat(5 * 2 ** 20)}"]\n`],
    ['node_modules/some/broken.yaml', 'kind: VirtualService: [\n'],
    ['.cache/old/mesh.yaml', MESH.replace('attempts: 4', 'attempts: 9')],
  ])('is read without a word of what is no mesh: %s', async (name, text) => {
    await write(name, text);
    await write('mesh.yaml', MESH);
    expect(await readFolder()).toEqual({ bad: [], attempts: 5 });
  });

  it.each([
    ['mesh:\n\ta: 1\n', 'is not YAML: Tabs'],
    ['kind: VirtualService\nkind: VirtualService\n', 'has the key "kind" twice'],
    ['meshConfig: [\n', 'is not YAML'],
    ['apiVersion: linkerd.io/v1alpha2\nkind: a: b\n', 'is not YAML'],
  ])('tells of what may be of the mesh: %j', async (text, message) => {
    await write('broken.yaml', text);
    await write('mesh.yaml', MESH);
    const { bad } = await readFolder();
    expect(bad.map((found) => found.message)).toEqual([expect.stringContaining(message)]);
  });

  it('tells of what the mesh has in another encoding, as PowerShell writes it', async () => {
    await write('mesh.yaml', Buffer.from(`\uFEFF${MESH}`, 'utf16le'));
    await expect(readFolder()).rejects.toThrow('mesh.yaml is not UTF-8 text');
  });

  it('looks into the named file, and into the named folder, whatever is in it', async () => {
    const { bad } = await readFolder(await write('lines.json', '{ "a": 1 }\n{ "a": 2 }\n'));
    expect(bad.map(({ message }) => message)).toEqual([expect.stringContaining('is not YAML')]);
    await write('.hidden/mesh.yaml', MESH);
    expect(await readFolder(join(folder, '.hidden'))).toEqual({ bad: [], attempts: 5 });
  });

  it('tells nothing of a document beside those of the mesh, whose end is where the next begins', async () => {
    const deployment = 'kind: Deployment\nmetadata: { a: 1, a: 2 }\n';
    const file = await write('all.yaml', `${deployment}---\n${MESH}---\nkind: Job\nspec: [1\n`);
    expect(await readFolder(file)).toEqual({ bad: [], attempts: 5 });
    await write('all.yaml', `kind: ConfigMap\na: "open\n---\n${MESH}`);
    expect((await readFolder()).bad).toMatchObject([{ place: { line: 7 } }]);
  });
});

describe('a file with several resources', () => {
  const one = JSON.stringify({
    kind: 'VirtualService',
    spec: {
      hosts: ['payments'],
      http: [
        { match: [{ uri: { exact: '/' } }], redirect: {} },
        { route: [{}], retries: { attempts: 6 } },
      ],
    },
  });

  it.each([
    ['an array, as jq makes it of a list', `[${one}]`],
    ['an array of lists', `[{ "kind": "List", "items": [${one}] }]`],
    ['a sequence', `- kind: Service\n- ${one}\n`],
  ])('may be %s', async (_, text) => {
    await write('all.json', text);
    expect(await readFolder()).toEqual({ bad: [], attempts: 7 });
  });
});

describe('charts', () => {
  const route = `http: [{ route: [{ destination: { host: payments } }], retries: { attempts: 7 } }]`;

  it('are told of once, at the first template of the mesh', async () => {
    await write(
      'chart/templates/a.yaml',
      '{{- if .Values.on }}\nkind: VirtualService\n{{- end }}\n',
    );
    // As YAML this one can be read, and says nothing that holds.
    const named = 'kind: VirtualService\nmetadata: { name: "{{ .Release.Name }}" }\n';
    await write('chart/templates/b.yaml', `${named}spec: { hosts: [payments], ${route} }\n`);
    await write('chart/templates/c.yaml', 'kind: Service\nmetadata: { name: {{ .Chart.Name }} }\n');
    await write('mesh.yaml', MESH);
    const { bad, attempts } = await readFolder();
    expect(bad).toMatchObject([
      {
        severity: 'error',
        at: 'the templates',
        message: expect.stringMatching(/^2 files are templates \(\{\{ \}\}\)/) as string,
        place: { file: join(folder, 'chart/templates/a.yaml') },
        value: 2,
      },
    ]);
    expect(attempts).toBe(5);
  });

  it('are no reason to say that there is no mesh', async () => {
    const file = await write('vs.yaml', '{{- if .Values.on }}\nkind: VirtualService\n{{- end }}\n');
    const { findings } = await readIstio(file, fleet);
    expect(findings.map(({ rule }) => rule)).not.toContain('mesh-name-unmatched');
  });

  it('are not what stands beside a template in one list', async () => {
    const rule = '{ kind: PrometheusRule, summary: "{{ $labels.pod }} is down" }';
    const items = `items:\n  - ${rule}\n  - { kind: VirtualService, spec: { hosts: [payments], ${route} } }\n`;
    await write('all.yaml', `kind: List\n${items}`);
    expect(await readFolder()).toEqual({ bad: [], attempts: 8 });
  });
});
