import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('one copy of the package knows the errors of another, and does not try again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
  try {
    const sources = fileURLToPath(new URL('../../packages/holdfast/src/', import.meta.url));
    cpSync(sources, join(folder, 'src'), { recursive: true });
    const copy = pathToFileURL(join(folder, 'src/index.ts')).href;
    const { stdout, stderr } = await runProgram(`
      const other = await import(${JSON.stringify(copy)});
      const none = holdfast.pipeline(holdfast.bulkhead({ maxConcurrent: 1, maxQueue: 0 }));
      void none.call(() => holdfast.pending);
      const error = await none.call(() => 1).catch((reason) => reason);
      let attempts = 0;
      const outer = other.pipeline(other.classify(() => 'transient'), other.retry());
      const result = await outer.tryCall(() => { attempts++; throw error; }, { idempotent: true });
      console.log(JSON.stringify({
        own: error instanceof holdfast.HoldfastError,
        others: error instanceof other.HoldfastError,
        known: other.isHoldfastError(error, 'BULKHEAD_FULL') && holdfast.isHoldfastError(error),
        verdict: result.verdict,
        attempts,
      }));
    `);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      own: true,
      others: false,
      known: true,
      verdict: 'ignored',
      attempts: 1,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
