import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import holdfast from './packages/holdfast/package.json' with { type: 'json' };
import lab from './packages/lab/package.json' with { type: 'json' };

/** Tests read the sources, so `holdfast/<subpath>` means the file that `exports` will be built from. */
const alias = [holdfast, lab].flatMap(({ name, exports }) =>
  Object.entries<string | { readonly default: string }>(exports).flatMap(([subpath, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default
      .replace('./dist/', `packages/${name.replace('holdfast-', '')}/src/`)
      .replace(/\.js$/, '.ts');
    return {
      find: new RegExp(`^${name}${subpath.slice(1)}$`),
      replacement: fileURLToPath(new URL(source, import.meta.url)),
    };
  }),
);

export default defineConfig({
  resolve: { alias },
  test: {
    include: [
      'packages/*/{src,test,oracles,reality,torture}/**/*.test.ts',
      'test/**/*.test.ts',
      'bench/**/*.test.ts',
      'examples/**/*.test.ts',
      'scripts/**/*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '**/.tmp/**'],
    typecheck: { enabled: true, tsconfig: 'tsconfig.test.json', ignoreSourceErrors: true },
    pool: 'forks',
    maxWorkers: 2,
    // Against what hangs, not against what a busy machine makes slow.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: 0,
  },
});
