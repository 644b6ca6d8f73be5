import { defineConfig } from 'vitest/config';
import everything from './vitest.config.ts';

/** For mutants of the pure states: the tests beside them, without types, which no mutant changes. */
export default defineConfig({
  resolve: everything.resolve ?? {},
  test: {
    include: ['packages/holdfast/src/{policies,core/stats}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 1,
  },
});
