import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('a process ends with its work, although a minute of timeout is left', async () => {
  const { code, stdout, lingered } = await runProgram(`
    const { dependency } = holdfast;
    const stock = dependency('stock', { retry: false, timeout: '1m', deadline: '2m' });
    console.log(await stock.call(async () => 'value'));
  `);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'value\n' });
  expect(lingered).toBeLessThan(3000);
});
