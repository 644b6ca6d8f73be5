/**
 * Is what would be published fit for use? Packs it, lets publint and attw judge the tarballs, then installs
 * them into an empty project as a user would, imports every entry, asks the command for the audit's pages, and
 * type-checks against them.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import holdfast from '../packages/holdfast/package.json' with { type: 'json' };
import lab from '../packages/lab/package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const home = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'));
const node22 = join(
  root,
  `test/node-22/node_modules/node-${process.platform}-${process.arch}/bin/node`,
);

/** `holdfast`, `holdfast/fetch`, ..., `holdfast-lab` */
const entries = [holdfast, lab].flatMap(({ name, exports }) =>
  Object.entries<unknown>(exports)
    .filter(([, target]) => typeof target === 'object')
    .map(([subpath]) => `${name}${subpath.slice(1)}`),
);
/** These speak of node:http, and the lab runs on Node alone. */
const ofNode: ReadonlySet<string> = new Set([
  'holdfast/express',
  'holdfast/koa',
  'holdfast/node-http',
]);
const library = entries.filter((entry) => !entry.startsWith(lab.name) && !ofNode.has(entry));

process.once('exit', () => rmSync(home, { recursive: true, force: true }));
try {
  const tarballs = [holdfast, lab].map(({ name }) => pack('--workspace', name));
  for (const tarball of tarballs) {
    run(root, 'publint', '--strict', tarball);
    run(root, 'attw', '--profile', 'esm-only', tarball);
  }
  // What the lab depends on is here already: no registry is asked.
  const others = Object.keys(lab.dependencies).filter((name) => name !== holdfast.name);
  install([...tarballs, ...others.map((name) => pack('--ignore-scripts', folderOf(name)))]);
  for (const { name } of [holdfast, lab]) checkFiles(name);
  checkPages();
  for (const node of [process.execPath, node22]) if (existsSync(node)) checkImports(node);
  checkTypes('DOM only', library, { lib: ['ES2024', 'DOM', 'DOM.Iterable'], types: [] });
  checkTypes('Node types only', entries, { lib: ['ES2024'], types: ['node'] });
  await checkNames();
  console.log(`\nThe packages are fit: ${entries.join(', ')}.`);
} catch (error) {
  console.error(`\nThe packages are not fit: ${(error as Error).message}`);
  process.exitCode = 1;
}

/** Packs one package, and returns the tarball's path. */
function pack(...what: string[]): string {
  const before = new Set(readdirSync(home));
  run(root, 'npm', 'pack', '--loglevel=error', '--pack-destination', home, ...what);
  const name = readdirSync(home).find((file) => file.endsWith('.tgz') && !before.has(file));
  if (name === undefined) throw new Error('npm pack made no tarball');
  return join(home, name);
}

/** Where the lab finds a package. */
function folderOf(name: string): string {
  const own = `./packages/lab/node_modules/${name}`;
  return existsSync(join(root, own)) ? own : `./node_modules/${name}`;
}

function install(tarballs: readonly string[]): void {
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  const flags = ['--loglevel=error', '--offline', '--no-audit', '--no-fund'];
  run(home, 'npm', 'install', ...flags, ...tarballs);
}

function checkFiles(name: string): void {
  const folder = join(home, 'node_modules', name);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const stray = files.filter((file) => /\.test(-d)?\.|\.tsbuildinfo$/.test(file));
  if (stray.length > 0) throw new Error(`the tarball of ${name} holds ${stray.join(', ')}`);
  for (const needed of ['LICENSE', 'README.md']) {
    if (!files.includes(needed)) throw new Error(`the tarball of ${name} lacks ${needed}`);
  }
}

/** The audit's pages are there, and the command prints them: findings name them. */
function checkPages(): void {
  const pages = readdirSync(join(root, 'docs/audit'));
  const packed = readdirSync(join(home, 'node_modules', lab.name, 'docs/audit'));
  const lacking = pages.filter((page) => !packed.includes(page));
  if (lacking.length > 0) throw new Error(`the tarball of ${lab.name} lacks ${lacking.join(', ')}`);
  const command = join(home, 'node_modules/.bin/holdfast');
  const explain = (...rule: readonly string[]): string =>
    execFileSync(command, ['explain', ...rule], { cwd: home, encoding: 'utf8' });
  const rules = pages.map((page) => page.replace('.md', '')).filter((rule) => rule !== 'README');
  const listed = explain();
  const unknown = rules.filter((rule) => !listed.includes(`${rule} `));
  if (unknown.length > 0) throw new Error(`holdfast explain lacks ${unknown.join(', ')}`);
  if (!explain('no-budget').startsWith('# no-budget\n')) throw new Error('explain prints no page');
  console.log(`the audit's pages: ${rules.length}, as holdfast explain prints them`);
}

/** Every entry loads and exports something; what `exports` does not list cannot be reached. */
function checkImports(node: string): void {
  writeFileSync(
    join(home, 'consumer.js'),
    `for (const entry of ${JSON.stringify(entries)}) {
       const names = Object.keys(await import(entry));
       if (names.length === 0) throw new Error(entry + ' exports nothing');
       console.log(process.version, entry, names.length, 'exports');
     }
     for (const inside of ['holdfast/core/call', 'holdfast-lab/cli/main']) {
       const code = await import(inside).then(() => 'reachable', (error) => error.code);
       if (code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error(inside + ': ' + code);
     }\n`,
  );
  run(home, node, 'consumer.js');
}

/** What every function answers, and every event, has a type that a library built on these can name in its declarations. */
async function checkNames(): Promise<void> {
  const lines = ['declare const given: never;'];
  for (const [i, entry] of entries.entries()) {
    lines.push(`import * as entry${i} from '${entry}';`);
    const found = Object.entries((await import(entry)) as Record<string, unknown>);
    const functions = found.filter(([, value]) => typeof value === 'function');
    for (const [name, value] of functions) {
      if (/^class\b/.test(String(value))) continue;
      lines.push(`export const ${name}${i} = entry${i}.${name}(...given);`);
    }
  }
  lines.push(
    `export const heard = (event: entry0.HoldfastEvent) => (event.type === 'call.settled' ? null : event);`,
  );
  // Of all that is wrong with such calls, only that a type has no name is told.
  compile(lines, { lib: ['ES2024'], types: ['node'], declaration: true, noCheck: true });
  console.log('types: all can be named');
}

/** The declarations stand on their own, whichever library brings `AbortSignal` and `fetch`. */
function checkTypes(
  what: string,
  which: readonly string[],
  options: { readonly lib: readonly string[]; readonly types: readonly string[] },
): void {
  for (const name of options.types.length > 0 ? ['@types/node', 'undici-types'] : []) {
    cpSync(join(root, 'node_modules', name), join(home, 'node_modules', name), { recursive: true });
  }
  const lines = which.map((entry, i) => `export * as entry${i} from '${entry}';`);
  compile(lines, { ...options, noEmit: true });
  console.log(`types: ${what}: no error`);
}

function compile(lines: readonly string[], options: Readonly<Record<string, unknown>>): void {
  writeFileSync(join(home, 'consumer.ts'), `${lines.join('\n')}\n`);
  const compilerOptions = { ...options, module: 'NodeNext', strict: true, outDir: 'out' };
  writeFileSync(
    join(home, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
  );
  run(home, 'tsc', '-p', home);
}

function run(cwd: string, program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { cwd, stdio: 'inherit' });
}
