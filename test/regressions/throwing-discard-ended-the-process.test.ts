import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('what discard throws reaches nobody: not the process, and not the call', async () => {
  const { code, stdout, stderr } = await runProgram(`
    const { classify, pipeline, retry, timeout } = holdfast;
    const throws = () => { throw new Error('in discard'); };
    const late = pipeline(classify(() => 'success', throws), timeout(50));
    const slow = () => new Promise((resolve) => setTimeout(resolve, 200, 'late'));
    console.log((await late.tryCall(slow)).verdict);
    const again = pipeline(classify(() => 'transient', throws), retry({ backoff: { base: 0 } }));
    console.log((await again.tryCall(() => 'value', { idempotent: true })).attempts.length);
    await new Promise((resolve) => setTimeout(resolve, 300));
  `);
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'timeout\n3\n', stderr: '' });
});
