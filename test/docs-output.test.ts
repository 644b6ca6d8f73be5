/** What the documents show of the command `holdfast` is what it prints. */
import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'holdfast-docs-'));

afterAll(() => rmSync(folder, { recursive: true }));

const gallery = globSync('examples/scenarios/*.md', { cwd: root })
  .filter((path) => !path.endsWith('README.md'))
  .toSorted();

test('there is a gallery', () => expect(gallery.length).toBeGreaterThan(10));

test.each(['README.md', ...gallery])(
  '%s',
  async (path) => {
    const page = read(path);
    const [, command = ''] = /^npx holdfast (simulate .+)$/m.exec(page)!;
    expect(await printed(root, command)).toContain(tableOf(page));
  },
  60_000,
);

test('the guide, of its own spec', async () => {
  const page = read('docs/guides/lab.md');
  const [, spec = ''] = /^```yaml\n([^]*?)^```$/m.exec(page)!;
  writeFileSync(join(folder, 'holdfast.yaml'), spec);
  expect(await printed(folder, 'simulate')).toContain(tableOf(page));
  expect(await printed(folder, 'audit')).toContain('no errors, no warnings');
}, 60_000);

test('the spec to start from is sound, and shows what a policy changes', async () => {
  const spec = 'first.yaml';
  expect(await printed(folder, `init ${spec}`)).toContain(`holdfast audit ${spec}`);
  expect(await printed(folder, `audit ${spec}`)).toContain('no errors, no warnings');
  const simulated = await printed(folder, `simulate ${spec}`);
  expect(simulated).toMatch(/^naive .* metastable$/m);
  expect(simulated).toMatch(/^holdfast .* recovers$/m);
  expect(simulated).not.toMatch(/^[✗?]/m);
}, 60_000);

/** The block of a page that shows the lanes. */
function tableOf(page: string): string {
  return /^```(?:text)?\n([^`]*^lane [^`]*)^```$/m.exec(page)![1]!;
}

function printed(cwd: string, command: string): Promise<string> {
  const bin = join(root, 'packages/lab/bin/holdfast.js');
  const { promise, resolve } = Promise.withResolvers<string>();
  // Its exit code is its verdict: what is printed says the same.
  execFile(process.execPath, [bin, ...command.split(' ')], { cwd }, (_, stdout) => resolve(stdout));
  return promise;
}
