/**
 * Is what would be published fit for use? Packs it, lets publint and attw judge the tarball, then installs that
 * tarball into an empty project as a user would, imports every entry, and type-checks against it.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import holdfast from '../packages/holdfast/package.json' with { type: 'json' };

const root = join(import.meta.dirname, '..');
const home = mkdtempSync(join(tmpdir(), 'holdfast-consumer-'));
const node22 = join(
  root,
  `test/node-22/node_modules/node-${process.platform}-${process.arch}/bin/node`,
);

/** `holdfast`, `holdfast/fetch`, ... */
const entries = Object.entries(holdfast.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath]) => `holdfast${subpath.slice(1)}`);

process.once('exit', () => rmSync(home, { recursive: true, force: true }));
try {
  const tarball = pack();
  run(root, 'publint', '--strict', tarball);
  run(root, 'attw', '--profile', 'esm-only', tarball);
  installed(tarball);
  for (const node of [process.execPath, node22]) if (existsSync(node)) imports(node);
  types('DOM only', { lib: ['ES2024', 'DOM', 'DOM.Iterable'], types: [] });
  types('Node types only', { lib: ['ES2024'], types: ['node'] });
  console.log(`\nThe package is fit: ${entries.join(', ')}.`);
} catch (error) {
  console.error(`\nThe package is not fit: ${(error as Error).message}`);
  process.exitCode = 1;
}

function pack(): string {
  run(
    root,
    'npm',
    'pack',
    '--loglevel=error',
    '--workspace',
    'holdfast',
    '--pack-destination',
    home,
  );
  const name = readdirSync(home).find((file) => file.endsWith('.tgz'));
  if (name === undefined) throw new Error('npm pack made no tarball');
  return join(home, name);
}

function installed(tarball: string): void {
  writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }\n');
  run(home, 'npm', 'install', '--loglevel=error', '--offline', '--no-audit', '--no-fund', tarball);
  const files = readdirSync(join(home, 'node_modules/holdfast'), {
    recursive: true,
    encoding: 'utf8',
  });
  const stray = files.filter((file) => /\.test(-d)?\.|\.tsbuildinfo$/.test(file));
  if (stray.length > 0) throw new Error(`the tarball holds ${stray.join(', ')}`);
  for (const needed of ['LICENSE', 'README.md']) {
    if (!files.includes(needed)) throw new Error(`the tarball lacks ${needed}`);
  }
}

/** Every entry loads and exports something; what `exports` does not list cannot be reached. */
function imports(node: string): void {
  writeFileSync(
    join(home, 'consumer.js'),
    `for (const entry of ${JSON.stringify(entries)}) {
       const names = Object.keys(await import(entry));
       if (names.length === 0) throw new Error(entry + ' exports nothing');
       console.log(process.version, entry, names.length, 'exports');
     }
     const code = await import('holdfast/core/call').then(() => 'reachable', (error) => error.code);
     if (code !== 'ERR_PACKAGE_PATH_NOT_EXPORTED') throw new Error('holdfast/core/call: ' + code);\n`,
  );
  run(home, node, 'consumer.js');
}

/** The declarations stand on their own, whichever library brings `AbortSignal` and `fetch`. */
function types(what: string, options: { lib: string[]; types: string[] }): void {
  const lines = entries.map((entry, i) => `export * as entry${i} from '${entry}';`);
  writeFileSync(join(home, 'consumer.ts'), `${lines.join('\n')}\n`);
  for (const name of options.types.length > 0 ? ['@types/node', 'undici-types'] : []) {
    cpSync(join(root, 'node_modules', name), join(home, 'node_modules', name), { recursive: true });
  }
  const compilerOptions = { ...options, module: 'NodeNext', strict: true, noEmit: true };
  writeFileSync(
    join(home, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['consumer.ts'] }),
  );
  run(home, 'tsc', '-p', home);
  console.log(`types: ${what}: no error`);
}

function run(cwd: string, program: string, ...args: string[]): void {
  execFileSync(program, args, { cwd, stdio: 'inherit' });
}
