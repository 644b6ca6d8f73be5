import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  dependenciesAreExplained,
  exportsAreBuilt,
  type File,
  filesAreShort,
  foldersAreExplained,
  linesAreFit,
  linksLead,
  policiesAreComplete,
} from './tidy.ts';

const root = join(import.meta.dirname, '..');

function read(...patterns: string[]): File[] {
  return globSync(patterns, { cwd: root, exclude: ['**/node_modules', '.git', '.tmp'] })
    .filter((path) => statSync(join(root, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

const file = (path: string, text = ''): File => ({ path, text });

describe('the house', () => {
  let files: readonly File[] = [];
  let sources: readonly File[] = [];

  beforeAll(() => {
    files = read('*', '.*', '.ci/*', '{bench,docs,examples,packages,scripts,test}/**');
    const planted = /^test\/(tidy|house-rules)\./; // they hold faults on purpose
    sources = files.filter(({ path }) => !path.includes('/dist/') && !planted.test(path));
  });

  test('is not empty', () => expect(sources.length).toBeGreaterThan(20));
  test('has its policies complete', () => expect(policiesAreComplete(files)).toEqual([]));
  test('exports what is built', () => expect(exportsAreBuilt(files)).toEqual([]));
  test('has short files', () => expect(filesAreShort(sources)).toEqual([]));
  test('has no line that may not be', () => expect(linesAreFit(sources)).toEqual([]));
  test('has no link that leads nowhere', () => expect(linksLead(sources)).toEqual([]));
  test('explains its folders', () => expect(foldersAreExplained(files)).toEqual([]));
  test('explains its dependencies', () => expect(dependenciesAreExplained(files)).toEqual([]));
  test('has one licence', () => {
    const [one, other] = files.filter(({ path }) => path.endsWith('LICENSE'));
    expect(one?.text).toMatch(/^MIT License/);
    expect(other?.text).toBe(one?.text);
  });
});

describe('a tidy rule', () => {
  test('misses each part of a policy', () => {
    const names = ['bulkhead', 'circuit-breaker', 'deadline', 'fallback', 'retry', 'retry-budget'];
    const folder = 'packages/holdfast/src/policies';
    const complete = [...names, 'timeout', 'hedge'].flatMap((name) => [
      file(`${folder}/${name}/${name}.ts`),
      file(`${folder}/${name}/options.ts`),
      file(`${folder}/${name}/telemetry.ts`),
      file(`${folder}/${name}/${name}.test.ts`),
      file(`docs/policies/${name}.md`),
      file(`bench/${name}.ts`, `bench('${name}')`),
    ]);
    expect(policiesAreComplete(complete)).toEqual([]);
    for (const part of complete.filter(({ path }) => /hedge|timeout/.test(path))) {
      const rest = complete.filter((other) => other !== part);
      const name = part.path.includes('hedge') ? 'hedge' : 'timeout';
      const what = part.path.startsWith('bench/') ? 'an entry in bench/' : part.path;
      expect(policiesAreComplete(rest)).toEqual([`${name} lacks ${what}`]);
    }
  });

  test('sees exports and built files differ', () => {
    const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' } };
    const manifest = file('packages/holdfast/package.json', JSON.stringify({ exports }));
    const built = ['index.d.ts', 'index.js', 'core/call.js'].map((path) =>
      file(`packages/holdfast/dist/${path}`),
    );
    expect(exportsAreBuilt([manifest, ...built])).toEqual([]);
    expect(exportsAreBuilt([manifest, ...built.slice(1)])).toEqual([
      'exports names ./dist/index.d.ts, which is not built',
    ]);
    expect(
      exportsAreBuilt([manifest, ...built, file('packages/holdfast/dist/testing/index.js')]),
    ).toEqual(['./dist/testing/index.js is built, but exports does not name it']);
  });

  test.each([
    'packages/holdfast/src/core/a.ts',
    'packages/holdfast/src/a.test.ts',
    'scripts/a.mjs',
  ])('sees that %s is long', (path) => {
    const long = '\n'.repeat(351);
    expect(filesAreShort([file(path, long)])).toEqual([`${path} has 351 lines, more than 350`]);
    expect(filesAreShort([file(path, long.slice(1))])).toEqual([]);
  });

  test('lets a document and a table of data be long', () => {
    const long = '\n'.repeat(351);
    expect(filesAreShort([file('docs/a.md', long), file('package-lock.json', long)])).toEqual([]);
  });

  test.each([
    ['a.test.ts', "test.only('x')", "test('only')"],
    ['a.ts', '// TODO', '// TODO: say why it waits'],
    ['a.md', 'FIXME: later', 'fix me later'],
    ['policies/retry/options.ts', '  readonly baseMs?: number;', '  readonly base?: Duration;'],
    ['a.ts', '// see #123', "const colour = '#123456';"],
    ['a.ts', "const home = '/home/me/x';", "const path = 'packages/home/x';"],
    ['package-lock.json', '"resolved": "https://host/a.tgz"', '"resolved": "packages/holdfast"'],
    ['package.json', '    "vitest": "^5.1.1"', '    "vitest": "5.1.1"'],
    ['a.md', 'the whitelist', 'the allow list'],
  ])('sees in %s the line %j, and lets pass %j', (path, bad, good) => {
    expect(linesAreFit([file(path, `x\n${bad}`)])).toEqual([
      expect.stringContaining(`${path}:2 ${bad.trim()}`),
    ]);
    expect(linesAreFit([file(path, good)])).toEqual([]);
  });

  test('sees a link that leads nowhere', () => {
    const page = file('docs/a.md', '[b](b.md#top) [up](../README.md) [web](https://x.y) [me](#me)');
    expect(linksLead([page, file('docs/b.md'), file('README.md')])).toEqual([]);
    expect(linksLead([page, file('docs/b.md')])).toEqual([
      'docs/a.md links to ../README.md, which is not there',
    ]);
  });

  test('sees a folder that nobody explains', () => {
    const page = file('ARCHITECTURE.md', '| `packages/lab/src/cli/` | the command |');
    const paths = ['lab/src/cli/a.ts', 'lab/src/index.ts', 'lab/test/a.ts', 'lab/dist/cli/a.js'];
    const known = [page, ...paths.map((path) => file(`packages/${path}`))];
    expect(foldersAreExplained(known)).toEqual([]);
    const unknown = ['lab/src/spec/a.ts', 'lab/src/spec/b.ts', 'lab/oracles/laws/a.ts'];
    expect(
      foldersAreExplained([...known, ...unknown.map((path) => file(`packages/${path}`))]),
    ).toEqual([
      'ARCHITECTURE.md does not say what is in packages/lab/src/spec/',
      'ARCHITECTURE.md does not say what is in packages/lab/oracles/',
    ]);
  });

  test('sees a dependency without a reason, and a reason without a dependency', () => {
    const manifest = file('package.json', '{ "devDependencies": { "a": "1.0.0", "b": "1.0.0" } }');
    const lab = file(
      'packages/lab/package.json',
      '{ "dependencies": { "holdfast": "", "d": "" } }',
    );
    const page = file('docs/dependencies.md', '| `a` | why |\n| `c` | why |');
    expect(dependenciesAreExplained([manifest, lab, page])).toEqual([
      'docs/dependencies.md does not explain b',
      'docs/dependencies.md does not explain d',
      'docs/dependencies.md explains c, which is not used',
    ]);
  });
});
