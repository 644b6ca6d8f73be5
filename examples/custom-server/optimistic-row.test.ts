import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('the example prints what its page shows', () => {
  const page = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const [, shown] = /^```text\n([^]*?)^```$/m.exec(page)!;
  const example = join(import.meta.dirname, 'optimistic-row.ts');
  expect(execFileSync(process.execPath, [example], { encoding: 'utf8' })).toBe(shown);
});
