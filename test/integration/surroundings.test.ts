import { describe, expect, test } from 'vitest';
import { runProgram } from './child.ts';

const refused = `
  const { bulkhead, pipeline, pending } = holdfast;
  const none = pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 0 }));
  none.call(() => pending).catch(() => {});
  async function handler() { return await none.call(() => 1); }
  const error = await handler().catch((reason) => reason);
`;

const TELLS_WHAT_IS_LOADED = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      console.log(url.replace(/^.*\\/holdfast\\/src\\//, ''));
      return next(url, context);
    },
  });
`)}`;

describe.concurrent('Holdfast works', () => {
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

  test('without loading anything of idempotency but the words of what it tells', async () => {
    const { stdout } = await runProgram('', ['--import', TELLS_WHAT_IS_LOADED]);
    const loaded = stdout.trim().split('\n');
    expect(loaded).toContain('client/dependency.ts');
    expect(loaded.filter((file) => /^(idempotency|stores|server)\//.test(file))).toEqual([
      'idempotency/telemetry.ts',
    ]);
  });

  test('in production without any frames, and elsewhere with the caller’s', async () => {
    const program = `
      ${refused}
      console.log(/at async handler/.test(error.stack), /\\n    at /.test(error.stack));
    `;
    const production = await runProgram(program, [], { NODE_ENV: 'production' });
    expect(production.stdout).toBe('false false\n');
    const development = await runProgram(program, [], { NODE_ENV: 'development' });
    expect(development.stdout).toBe('true true\n');
  });
});
