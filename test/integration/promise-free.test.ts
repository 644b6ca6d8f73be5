import { expect, test } from 'vitest';
import { runProgram } from './child.ts';

test('a million calls by callback make no promise and no timer', async () => {
  const { code, stdout, stderr } = await runProgram(`
    import { createHook } from 'node:async_hooks';
    const runtime = testing.testRuntime();
    const { bulkhead, circuitBreaker, classify, pipeline, retry, timeout } = holdfast.withRuntime({
      ...runtime, sink: null,
    });
    const made = {};
    const hook = createHook({ init: (_, type) => { made[type] = (made[type] ?? 0) + 1; } });
    const whole = pipeline(
      classify((outcome) => (outcome.ok ? 'success' : 'transient')),
      retry({ backoff: { base: 0 } }),
      bulkhead(),
      circuitBreaker(),
      timeout(1000),
    );
    let succeeded = 0;
    let calls = 0;
    const operation = ({ number }) => {
      calls++;
      if (number === 1 && calls % 1000 === 0) throw new Error('now and then');
      return calls;
    };
    const done = ({ ok }) => { if (ok) succeeded++; };
    const options = { idempotent: true };
    hook.enable();
    // The hook sees promises and timers at all.
    await Promise.resolve();
    clearTimeout(setTimeout(() => {}, 1000));
    clearImmediate(setImmediate(() => {}));
    const seen = { ...made };
    for (const type of Object.keys(made)) delete made[type];
    for (let i = 0; i < 1_000_000; i++) whole.start(operation, done, options);
    hook.disable();
    const { armed } = runtime.clock;
    console.log(JSON.stringify({ seen, made, armed, succeeded, calls }));
  `);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { seen, made, armed, succeeded, calls } = JSON.parse(stdout);
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(['PROMISE', 'Timeout', 'Immediate']));
  expect(succeeded).toBe(1_000_000);
  expect(calls).toBeGreaterThan(1_000_900);
  // The one resource that keeps each caller's async context.
  expect({ made, armed }).toEqual({ made: { HOLDFAST_CALL: 1_000_000 }, armed: 0 });
}, 60_000);
