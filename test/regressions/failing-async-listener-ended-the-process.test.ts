import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('what an async listener, or an async discard, is rejected with reaches nobody', async () => {
  const { code, stdout, stderr } = await runProgram(`
    const { classify, dependency, pipeline, retry, systemRuntime } = holdfast;
    const fails = async () => { throw new Error('the log is down'); };
    const stock = dependency('stock', { retry: false, onEvent: fails });
    const both = dependency('stock', { retry: false, onEvent: fails }, { ...systemRuntime, sink: fails });
    console.log(await stock.call(async () => 'told'), await both.call(async () => 'told twice'));
    const again = pipeline(classify(() => 'transient', fails), retry({ backoff: { base: 0 }, onRetry: fails }));
    console.log((await again.tryCall(() => 'value', { idempotent: true })).attempts.length);
    await new Promise((resolve) => setTimeout(resolve, 20));
    console.log('done');
  `);
  expect({ code, stdout, stderr }).toEqual({
    code: 0,
    stdout: 'told told twice\n3\ndone\n',
    stderr: '',
  });
});
