import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('an answer that nobody holds is collected, although its call was the last that waited', async () => {
  const { stdout, stderr } = await runProgram(
    `
    const { bulkhead, classify, pipeline, retry, timeout } = holdfast;
    const whole = pipeline(
      classify((outcome) => (outcome.ok ? 'success' : 'transient')),
      retry({ backoff: { base: 1 } }),
      bulkhead({ maxConcurrent: 1 }),
      timeout('1m'),
    );
    const answers = [];
    const operation = ({ number }) => {
      if (number === 1) throw new Error('down');
      const answer = { socket: {} };
      answers.push(new WeakRef(answer));
      return answer;
    };
    const options = { idempotent: true, signal: new AbortController().signal };
    await Promise.all([whole.call(operation, options), whole.call(operation, options)]).then(() => {});
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      gc();
    }
    console.log(answers.length, answers.filter((answer) => answer.deref() !== undefined).length);
  `,
    ['--expose-gc'],
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('2 0\n');
});
