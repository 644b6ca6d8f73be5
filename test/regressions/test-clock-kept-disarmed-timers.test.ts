import { expect, test } from 'vitest';
import { runProgram } from '../integration/child.ts';

test('a test clock lets go of the timers that were disarmed', async () => {
  const { stdout, stderr } = await runProgram(
    `
    const runtime = { ...testing.testRuntime(), sink: null };
    const limited = holdfast.pipeline(holdfast.timeout(1000, runtime));
    const round = (count) => { for (let i = 0; i < count; i++) limited.start(() => i, () => {}); };
    const used = () => { gc(); return process.memoryUsage().heapUsed; };
    round(10_000);
    const before = used();
    round(300_000);
    console.log(used() - before);
    runtime.clock.advance(0);
  `,
    ['--expose-gc'],
  );
  expect(stderr).toBe('');
  expect(Number(stdout)).toBeLessThan(2_000_000);
});
