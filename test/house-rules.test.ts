/**
 * Every rule of the linter and of the type layers, seen to fail on a planted violation. A rule that is misspelt, or
 * whose glob matches nothing, checks nothing and says nothing: here it is found out.
 */
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const src = 'packages/holdfast/src/';

describe('the linter', () => {
  const globals =
    `Date clearImmediate clearInterval clearTimeout console crypto globalThis performance
    process queueMicrotask setImmediate setInterval setTimeout`.split(/\s+/);
  const engine = ['runtime', 'core', 'core/stats', 'policies/timeout'];
  const edges = ['client', 'client/fetch', 'idempotency', 'testing'];

  const violations: readonly Violation[] = [
    ...inEach(
      [...engine, ...edges],
      [
        ...globals.map((name): [string, string] => ['no-restricted-globals', `it(${name});`]),
        ['no-restricted-properties', 'export const it = Math.random();'],
        ['no-explicit-any', 'export const it = (x: any): unknown => x;'],
        ['no-default-export', 'export default 1;'],
        ['no-restricted-imports', "export * from 'cockatiel';"],
        ['no-restricted-imports', "export * from 'node:timers';"],
      ],
    ),
    ...inEach(engine, [
      ['avoid-new', 'export const it = new Promise<void>((done) => done());'],
      ['no-restricted-properties', 'export const it = Promise.resolve(1);'],
      ['no-async-await', 'export async function it(): Promise<void> {}'],
    ]),
    ...inEach(edges, [
      ['no-restricted-properties', 'export const it = AbortSignal.any;'],
      ['no-restricted-properties', 'export const it = AbortSignal.timeout;'],
    ]),
    ...inEach(
      ['core'],
      [
        ['consistent-type-imports', "import { T } from './t.ts';\nexport const it: T = 1;"],
        ['max-lines', '//\n'.repeat(351)],
        ['max-lines-per-function', `export function it(): void {\n${'  it();\n'.repeat(70)}}`],
        ['max-params', 'export const it = (a, b, c, d, e, f, g) => [a, b, c, d, e, f, g];'],
      ],
    ),
    planted('core/long.test.ts', 'max-lines', '//\n'.repeat(351)),
    planted(
      'core/one.ts',
      'no-cycle',
      "import { b } from './two.ts';\nexport const a = () => b();",
    ),
    planted(
      'core/two.ts',
      'no-cycle',
      "import { a } from './one.ts';\nexport const b = () => a();",
    ),
    planted(
      'core/x.test.ts',
      'no-focused-tests',
      "import { test } from 'vitest';\ntest.only('x');",
    ),
  ];

  /** Who may not import what, and who may. */
  const forbidden = imports({
    'runtime/x.ts': './system.ts ../core/a.ts ../policies/retry/a.ts ../client/a.ts ../index.ts',
    'runtime/system.ts': '../core/a.ts ../policies/retry/a.ts ../client/a.ts ../index.ts',
    'core/x.ts': '../runtime/system.ts ../policies/retry/a.ts ../client/a.ts ../index.ts',
    'core/pipeline.ts': '../policies/retry/a.ts ../client/a.ts ../index.ts',
    'core/stats/x.ts': '../../runtime/system.ts ../../policies/retry/a.ts ../../index.ts',
    'policies/timeout/x.ts': '../retry/a.ts ../retry-budget/a.ts ../../client/a.ts ../../index.ts',
    'policies/retry/x.ts': '../timeout/a.ts ../../client/a.ts ../../testing/a.ts ../../index.ts',
    'client/x.ts': './fetch/a.ts ../testing/a.ts ../index.ts',
    'client/fetch/x.ts': '../undici/a.ts ../../testing/a.ts ../../index.ts',
    'testing/x.ts': '../client/fetch/a.ts ../index.ts',
    'idempotency/x.ts':
      '../client/a.ts ../stores/redis/a.ts ../server/koa/a.ts ../index.ts node:fs',
    'stores/redis/x.ts':
      '../memory/a.ts ../../server/koa/a.ts ../../client/a.ts ../../index.ts ioredis',
    'server/idempotency/x.ts':
      '../koa/a.ts ../../stores/memory/a.ts ../../client/a.ts ../../index.ts',
    'server/koa/x.ts':
      '../express/a.ts ../../stores/memory/a.ts ../../client/a.ts ../../index.ts koa',
    'server/nest/x.ts':
      '../express/a.ts ../../stores/memory/a.ts ../../client/a.ts ../../index.ts fastify',
    'index.ts': './client/fetch/a.ts ./testing/a.ts',
  });
  const allowed = imports({
    'runtime/x.ts': './clock.ts',
    'runtime/system.ts': './clock.ts node:async_hooks',
    'core/x.ts': './call.ts ./stats/window.ts ../runtime/clock.ts',
    'core/pipeline.ts': './call.ts ../runtime/system.ts',
    'core/stats/x.ts': './window.ts ../call.ts ../../runtime/clock.ts',
    'policies/timeout/x.ts': './state.ts ../../core/stats/window.ts ../../runtime/clock.ts',
    'policies/retry/x.ts':
      './state.ts ../retry-budget/a.ts ../../core/a.ts ../../runtime/system.ts',
    'client/x.ts': './http.ts ../policies/retry/a.ts ../core/call.ts ../runtime/system.ts',
    'client/fetch/x.ts':
      './b.ts ../c.ts ../../policies/retry/a.ts ../../core/a.ts ../../runtime/a.ts',
    'testing/x.ts': './b.ts ../client/a.ts ../policies/retry/a.ts ../core/a.ts ../runtime/clock.ts',
    'idempotency/x.ts': './b.ts ../policies/retry/a.ts ../core/a.ts ../runtime/system.ts',
    'stores/redis/x.ts':
      './b.ts ../../idempotency/store.ts ../../core/a.ts ../../runtime/a.ts node:fs',
    'server/idempotency/x.ts': './b.ts ../../idempotency/a.ts ../../core/a.ts node:http',
    'server/koa/x.ts':
      './b.ts ../idempotency/http.ts ../../idempotency/a.ts ../../core/a.ts node:http',
    'server/nest/x.ts': './b.ts ../fastify/a.ts ../idempotency/http.ts ../../idempotency/a.ts',
    'index.ts': './client/a.ts ./policies/retry/a.ts ./core/call.ts ./runtime/runtime.ts',
  });

  /** What is wrong elsewhere and right here. */
  const free = {
    [`${src}core/edge.ts`]: 'export const it = async () => await Promise.resolve(1);',
    [`${src}core/custom.ts`]: 'export const it = async () => new Promise<void>((done) => done());',
    [`${src}core/edge.test.ts`]: 'export const it = async () => Math.random() + Date.now();',
  };

  let findings: readonly Finding[] = [];

  beforeAll(async () => {
    const files = Object.fromEntries(violations.map(({ path, text }) => [path, text]));
    for (const [path, list] of forbidden) {
      const all = [...list, ...(allowed.get(path) ?? [])];
      files[path] = all.map((specifier) => `export * from '${specifier}';`).join('\n');
    }
    Object.assign(files, free);
    findings = (await lint(plant(files), ...Object.keys(files))).diagnostics;
  }, 60_000);

  const found = (path: string, rule: string): Finding[] =>
    findings.filter(({ filename, code }) => filename === path && code.endsWith(`(${rule})`));

  test.each(violations)('finds by $rule what is wrong in $path', ({ path, rule }) => {
    expect(found(path, rule)).not.toEqual([]);
  });

  test.each([...forbidden])('refuses %s its wrong imports, and only those', (path, list) => {
    const refused = found(path, 'no-restricted-imports').map(
      ({ message }) => message.split("'")[1],
    );
    expect(refused.toSorted()).toEqual([...list].toSorted());
  });

  test.each(Object.keys(free))('leaves %s free', (path) => {
    expect(findings.filter(({ filename }) => filename === path)).toEqual([]);
  });

  test('reads every file that ships, and complains when it finds none', async () => {
    const files = globSync(`${src}**/*.ts`, { cwd: root });
    expect(files.length).toBeGreaterThan(1);
    expect((await lint(root, src)).number_of_files).toBe(files.length);
    expect(await output(plant({}), 'oxlint')).toContain('No files found to lint');
  });
});

describe('the type layers', () => {
  /** A line that does not compile, and how the compiler says so. */
  const mistakes: readonly [path: string, text: string, error: string][] = [
    ...['runtime', 'core', 'policies/timeout', 'idempotency'].flatMap(
      (folder): [string, string, string][] => [
        [`${folder}/timer.ts`, 'setTimeout(() => {}, 1);', "TS2304: Cannot find name 'setTimeout'"],
        [`${folder}/dom.ts`, 'export const it = document;', "TS2584: Cannot find name 'document'"],
        [`${folder}/fetch.ts`, 'export const it = fetch;', "TS2304: Cannot find name 'fetch'"],
        [
          `${folder}/process.ts`,
          'export const it = process;',
          "TS2591: Cannot find name 'process'",
        ],
        [`${folder}/node.ts`, "export * from 'node:fs';", "TS2591: Cannot find name 'node:fs'"],
        [`${folder}/abort.ts`, 'AbortSignal.timeout(1);', "TS2693: 'AbortSignal' only refers to a"],
      ],
    ),
    ['runtime/up.ts', "export * from '../core/it.ts';", 'TS6307'],
    ['core/up.ts', "export * from '../client/it.ts';", 'TS6307'],
    ['idempotency/up.ts', "export * from '../client/it.ts';", 'TS6307'],
    ['core/enum.ts', 'export enum It {}', 'TS1294'],
    ['core/index-access.ts', 'export const it = (x: number[]): number => x[0];', 'TS2322'],
    ['core/optional.ts', 'export const it: { x?: 1 } = { x: undefined };', 'TS2375'],
    ['core/override.ts', 'class A { it() {} }\nexport class B extends A { it() {} }', 'TS4114'],
    ['client/value.ts', "import { It } from '../core/it.ts';\nexport type X = It;", 'TS1484'],
  ];
  let errors: readonly string[] = [];

  beforeAll(async () => {
    const files = Object.fromEntries(mistakes.map(([path, text]) => [src + path, text]));
    files[`${src}runtime/system.ts`] = 'export const now = (): number => performance.now();';
    files[`${src}core/it.ts`] = 'export interface It {\n  readonly signal: AbortSignal;\n}';
    files[`${src}client/it.ts`] = 'export const it = 1;';
    files[`${src}client/send.ts`] = `import type { It } from '../core/it.ts';
      export const send = (it: It): Promise<Response> => fetch('/', { signal: it.signal });`;
    errors = (await output(plant(files), 'tsc', '-b', '--pretty', 'false')).split('\n');
  }, 60_000);

  const found = (path: string): string[] => errors.filter((line) => line.startsWith(src + path));

  test.each(mistakes)('refuse in %s the line %j', (path, _text, error) => {
    expect(found(path).join('\n')).toContain(error);
  });

  test('let an edge use fetch, and hand it the signal that the core declared', () => {
    expect(found('client/send.ts')).toEqual([]);
    expect(found('runtime/system.ts')).toEqual([]);
  });

  test('hold every file that ships exactly once', async () => {
    const lists = await Promise.all(
      ['runtime', 'system', 'core', 'idempotency', 'edge'].map((layer) => {
        const project = `packages/holdfast/tsconfig.${layer}.json`;
        return output(root, 'tsc', '-p', project, '--listFilesOnly');
      }),
    );
    const listed = lists.flatMap((list) => /.*\/src\/.*(?<!\.d)\.ts$/gm[Symbol.match](list) ?? []);
    const exclude = ['**/*.test.ts', '**/*.test-d.ts', '**/*.d.ts'];
    const files = globSync(`${src}**/*.ts`, { cwd: root, exclude });
    expect(listed.map((path) => path.slice(path.indexOf(src))).toSorted()).toEqual(
      files.toSorted(),
    );
  });
});

describe('the package', () => {
  const { resolve } = createRequire(import.meta.url);

  test('hides what exports does not list', () => {
    expect(resolve('holdfast/package.json')).toContain('holdfast');
    for (const path of ['core/call', 'dist/core/call.js', 'src/core/call.ts']) {
      expect(() => resolve(`holdfast/${path}`)).toThrow('is not defined by "exports"');
    }
  });
});

/** A file that breaks one rule. */
interface Violation {
  readonly path: string;
  readonly rule: string;
  readonly text: string;
}

function planted(path: string, rule: string, text: string): Violation {
  return { path: src + path, rule, text };
}

/** The same violations in each of the folders, in files named after what is wrong. */
function inEach(folders: readonly string[], rules: readonly [string, string][]): Violation[] {
  return folders.flatMap((folder) =>
    rules.map(([rule, text]) => {
      const name = text.slice(0, 60).replaceAll(/\W+/g, '-');
      return planted(`${folder}/${name}.ts`, rule, text);
    }),
  );
}

function imports(table: Readonly<Record<string, string>>): Map<string, readonly string[]> {
  return new Map(Object.entries(table).map(([path, list]) => [src + path, list.split(' ')]));
}

const homes: string[] = [];

afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

/** A house like ours with other files in it; inside the repository, so that types and tools are found. */
function plant(files: Readonly<Record<string, string>>): string {
  mkdirSync(join(root, '.tmp'), { recursive: true });
  const home = mkdtempSync(join(root, '.tmp/house-rules-'));
  homes.push(home);
  const rules = [
    '.oxlintrc.json',
    'tsconfig*.json',
    'packages/*/tsconfig*.json',
    '**/ambient.d.ts',
  ];
  for (const path of globSync(rules, { cwd: root, exclude: ['**/node_modules', '.tmp'] })) {
    cpSync(join(root, path), join(home, path));
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), `${text}\n`);
  }
  return home;
}

/** What a tool prints, whether it is content or not. */
async function output(cwd: string, tool: string, ...args: string[]): Promise<string> {
  return promisify(execFile)(join(root, 'node_modules/.bin', tool), args, { cwd }).then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
}

interface Finding {
  readonly filename: string;
  readonly code: string;
  readonly message: string;
}

async function lint(
  cwd: string,
  ...paths: string[]
): Promise<{ diagnostics: readonly Finding[]; number_of_files: number }> {
  return JSON.parse(await output(cwd, 'oxlint', '-f', 'json', ...paths));
}
