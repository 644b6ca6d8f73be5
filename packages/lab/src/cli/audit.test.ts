import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, onTestFinished, test } from 'vitest';

import { addAudit } from './audit.ts';

const examples = fileURLToPath(new URL('../../../../examples/audit', import.meta.url));

async function run(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const outcome = { code: 0 };
  const written = { out: '', err: '' };
  const program = new Command('holdfast').exitOverride().configureOutput({
    writeOut: (text) => (written.out += text),
    writeErr: (text) => (written.err += text),
    getOutHasColors: () => false,
  });
  addAudit(program, outcome);
  await program.parseAsync(['audit', ...args], { from: 'user' });
  return { ...outcome, ...written };
}

/** A spec with one warning and no error. */
async function warning(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'audit-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'holdfast.yaml');
  await writeFile(
    file,
    'services: { web: { calls: [{ to: db, policy: { retry: { budget: false } } }] }, db: {} }\n',
  );
  return file;
}

describe('holdfast audit', () => {
  test('ends with 0 when all is well, and with 1 on errors', async () => {
    const clean = await run(join(examples, 'clean.yaml'));
    expect(clean).toMatchObject({ code: 0, err: '' });
    expect(clean.out).toContain('no errors, no warnings');
    expect((await run(join(examples, 'shop.yaml'))).code).toBe(1);
  });

  test('fails on warnings if asked', async () => {
    const file = await warning();
    expect((await run(file)).code).toBe(0);
    expect((await run(file, '--fail-on', 'warning')).code).toBe(1);
  });

  test('prints one line of JSON with its promises', async () => {
    const { code, out } = await run(join(examples, 'shop.yaml'), '--format', 'json');
    expect(out.split('\n')).toHaveLength(2);
    const report = JSON.parse(out) as { promises: { name: string; holds: boolean }[] };
    expect(report.promises.map(({ name, holds }) => [name, holds])).toEqual([
      ['errors', false],
      ['warnings', true],
      ['infos', true],
    ]);
    expect(code).toBe(1);
  });

  test('prints SARIF', async () => {
    const { out } = await run(join(examples, 'shop.yaml'), '--format', 'sarif');
    expect(JSON.parse(out)).toMatchObject({ version: '2.1.0' });
  });

  test('ends with 2, and says why, when a file cannot be read', async () => {
    const missing = join(examples, 'nowhere.yaml');
    const spec = join(examples, 'clean.yaml');
    for (const args of [[missing], [spec, '--istio', missing], [spec, '--grpc', missing]]) {
      const { code, out, err } = await run(...args);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toContain('nowhere.yaml does not exist');
    }
  });

  test('lays the files of a mesh on the graph', async () => {
    const file = await warning();
    const mesh = join(file, '..', 'mesh.yaml');
    await writeFile(
      mesh,
      [
        'apiVersion: networking.istio.io/v1',
        'kind: VirtualService',
        'metadata: { name: db }',
        'spec: { hosts: [db], http: [{ route: [{ destination: { host: db } }], retries: { attempts: 2, retryOn: 5xx } }] }',
      ].join('\n'),
    );
    const { out } = await run(file, '--istio', mesh, '--format', 'json');
    const { edges } = JSON.parse(out) as { edges: { id: string; attempts: number }[] };
    expect(edges).toMatchObject([{ id: 'web > db', attempts: 9 }]);
  });
});
