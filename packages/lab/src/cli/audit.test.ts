import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

import { holdfast, type Ran } from '../../test/command.ts';
import { temporaryFolder } from '../../test/folder.ts';

const examples = fileURLToPath(new URL('../../../../examples/audit', import.meta.url));

const run = (...args: readonly string[]): Promise<Ran> => holdfast('audit', ...args);

/** A spec with one warning and no error. */
async function warning(): Promise<string> {
  const file = join(await temporaryFolder(), 'holdfast.yaml');
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

  test('tells of what no file of the mesh states where the spec has the service, not at a folder', async () => {
    const folder = await temporaryFolder();
    const spec = join(folder, 'holdfast.yaml');
    const calls = '[{ to: db, policy: none, idempotent: true }]';
    await writeFile(spec, `services:\n  web: { calls: ${calls} }\n  db: {}\n`);
    await writeFile(join(folder, 'mesh.yaml'), 'kind: DestinationRule\nspec: { host: web }\n');
    const { out } = await run(spec, '--istio', folder);
    for (const rule of ['istio-default-retries', 'unbounded-retry-concurrency']) {
      expect(out).toContain(`info ${rule} ${spec}:3:3\n`);
    }
  });

  test('prints SARIF', async () => {
    const { out } = await run(join(examples, 'shop.yaml'), '--format', 'sarif');
    expect(JSON.parse(out)).toMatchObject({ version: '2.1.0' });
  });

  test('ends with 2, and says why, when a file of a mesh or of gRPC cannot be read', async () => {
    const folder = await temporaryFolder();
    const spec = join(examples, 'clean.yaml');
    const [missing, empty, large, foreign] = ['nowhere.yaml', 'empty', 'mesh', 'a.json'].map(
      (name) => join(folder, name),
    );
    await mkdir(empty!);
    await mkdir(large!);
    // As PowerShell writes it: read as UTF-8 it would be a mesh without any resource.
    await writeFile(foreign!, '\uFEFFkind: VirtualService\n', 'utf16le');
    await writeFile(join(large!, 'a.yaml'), '# mesh:'.padEnd(2 ** 22 + 1, '#'));
    await writeFile(join(large!, 'b.yaml'), '# mesh:'.padEnd(2 ** 22 + 1, '#'));
    for (const [option, path, lines] of [
      ['--istio', missing, [/nowhere\.yaml does not exist$/]],
      ['--grpc', missing, [/nowhere\.yaml does not exist$/]],
      ['--istio', foreign, [/a\.json is not UTF-8 text$/]],
      ['--grpc', foreign, [/a\.json is not UTF-8 text$/]],
      ['--grpc', empty, [/empty is no regular file$/]],
      ['--istio', empty, [/empty has no \.yaml, \.yml or \.json file in it$/]],
      ['--istio', large, [/a\.yaml has 4194305 bytes, more/, /b\.yaml has 4194305 bytes, more/]],
    ] as const) {
      const { code, out, err } = await run(spec, option, path!);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      const told = err.trimEnd().split('\n');
      expect(told).toHaveLength(lines.length);
      for (const [i, line] of told.entries()) {
        expect(line).toMatch(/^holdfast: /);
        expect(line).toMatch(lines[i]!);
      }
    }
  });

  test.each(['--istio', '--grpc'])('ends with 2 when %s is there twice', async (option) => {
    const { code, out, err } = await run(join(examples, 'clean.yaml'), option, 'a', option, 'b');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`argument 'b' is invalid. The option is there a second time`);
  });

  test('says of each file that cannot be read why', async () => {
    const folder = await temporaryFolder();
    const [mesh, config] = [join(folder, 'mesh.yaml'), join(folder, 'service.json')];
    const spec = join(examples, 'clean.yaml');
    const { code, err } = await run(spec, '--istio', mesh, '--grpc', config);
    expect({ code, err }).toEqual({
      code: 2,
      err: `holdfast: ${mesh} does not exist\nholdfast: ${config} does not exist\n`,
    });
  });

  test('says it with nothing that a terminal obeys, whatever a file is called', async () => {
    const folder = await temporaryFolder();
    await symlink('nowhere', join(folder, 'a\u001B[2J.yaml'));
    await symlink('nowhere', join(folder, 'b.yaml'));
    const { err } = await run(join(examples, 'clean.yaml'), '--istio', folder);
    expect(err.replaceAll(folder, '')).toBe(
      'holdfast: /a?[2J.yaml does not exist\nholdfast: /b.yaml does not exist\n',
    );
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
