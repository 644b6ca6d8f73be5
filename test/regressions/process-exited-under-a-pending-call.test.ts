import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('a process stays while a call is pending, also if an earlier one has ended', async () => {
  const { code, stdout } = await runProgram(`
    const { dependency, pending } = holdfast;
    const stock = dependency('stock', { retry: false, timeout: '300ms' });
    await stock.call(async () => 'value');
    stock.call(() => pending).catch(({ code }) => console.log(code));
  `);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ATTEMPT_TIMEOUT\n' });
});
