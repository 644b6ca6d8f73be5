import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import holdfast from './packages/holdfast/package.json' with { type: 'json' };

/** Tests read the sources, so `holdfast/<subpath>` means the file that `exports` will be built from. */
const alias = Object.entries(holdfast.exports).flatMap(([subpath, target]) => {
  if (typeof target === 'string') return [];
  const source = target.default
    .replace('./dist/', 'packages/holdfast/src/')
    .replace(/\.js$/, '.ts');
  const name = `holdfast${subpath.slice(1)}`;
  return {
    find: new RegExp(`^${name}$`),
    replacement: fileURLToPath(new URL(source, import.meta.url)),
  };
});

export default defineConfig({
  resolve: { alias },
  test: {
    include: [
      'packages/*/{src,test,oracles}/**/*.test.ts',
      'test/**/*.test.ts',
      'bench/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.tmp/**'],
    typecheck: { enabled: true, tsconfig: 'tsconfig.test.json', ignoreSourceErrors: true },
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
  },
});
