/**
 * Writes the stores' Lua and SQL into modules, `texts.ts` beside them: bundles and functions have the code of a package,
 * but not its other files. A test says when one is stale.
 *
 * `npm run reference`
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const STORES = join(import.meta.dirname, '../packages/holdfast/src/stores');
/** Each store with such files, and where they are. */
const FILES = { redis: 'redis/*.lua', postgres: 'postgres/migrations/*.sql' };

/** Each module's path, and what is to be in it. */
export function textModules(): readonly (readonly [path: string, module: string])[] {
  return Object.entries(FILES).map(([store, files]) => {
    const paths = globSync(files, { cwd: STORES }).toSorted();
    const types = paths.map((path) => `  readonly '${basename(path)}': string;\n`).join('');
    const texts = paths.map((path) => `  '${basename(path)}': ${literal(join(STORES, path))},\n`);
    const head = `/** \`${files}\` as code, so that bundles have them: \`npm run reference\` writes it. */\n`;
    const module = `${head}export const texts: {\n${types}} = {\n${texts.join('')}};\n`;
    return [join(STORES, store, 'texts.ts'), module];
  });
}

function literal(path: string): string {
  return `\`${readFileSync(path, 'utf8').replaceAll(/[\\`]|\$\{/g, '\\$&')}\``;
}

if (import.meta.main) for (const [path, module] of textModules()) writeFileSync(path, module);
