import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runProgram } from './child.ts';

const refused = `
  const { bulkhead, pipeline, pending } = holdfast;
  const none = pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 0 }));
  none.call(() => pending).catch(() => {});
  const error = await none.call(() => 1).catch((reason) => reason);
`;

describe.concurrent('Holdfast works', () => {
  test('beside another copy of itself, whose errors it knows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
    try {
      const sources = fileURLToPath(new URL('../../packages/holdfast/src/', import.meta.url));
      cpSync(sources, join(folder, 'src'), { recursive: true });
      const copy = pathToFileURL(join(folder, 'src/index.ts')).href;
      const { stdout, stderr } = await runProgram(`
        const other = await import(${JSON.stringify(copy)});
        ${refused}
        // The copy's retry must not try again what this copy has refused.
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

  test('where the intrinsics are frozen', async () => {
    const { code, stdout, stderr } = await runProgram(
      `
      ${refused}
      const gone = await pipeline(holdfast.timeout(20)).call(() => pending).catch((reason) => reason);
      console.log(Object.isFrozen(Error), error.code, gone.code);
    `,
      ['--frozen-intrinsics'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('true BULKHEAD_FULL ATTEMPT_TIMEOUT\n');
  });

  test('where no code may be made from strings', async () => {
    const { code, stdout } = await runProgram(`${refused} console.log(error.code);`, [
      '--disallow-code-generation-from-strings',
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'BULKHEAD_FULL\n' });
  });

  test('in production without any frames, and elsewhere with the caller’s', async () => {
    const program = `
      ${refused.replace('= none', '= none').replace('const error = await none.call(() => 1)', 'async function handler() { return await none.call(() => 1); } const error = await handler()')}
      console.log(/at async handler/.test(error.stack), /\\n    at /.test(error.stack));
    `;
    const production = await runProgram(program, [], { NODE_ENV: 'production' });
    expect(production.stdout).toBe('false false\n');
    const development = await runProgram(program, [], { NODE_ENV: 'development' });
    expect(development.stdout).toBe('true true\n');
  });
});
