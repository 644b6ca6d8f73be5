import { describe, expect, test } from 'vitest';
import { runProgram } from './child.ts';

/** What the heap may grow by itself, in bytes: 15 for each call, where the least that a call could leave is more. */
const NOISE = 1_500_000;

const POLICIES = {
  timeout: `timeout(50_000)`,
  deadline: `deadline(50_000)`,
  retry: `retry({ maxAttempts: 2, backoff: { base: 0 } })`,
  'retry and its budget': `retry({ maxAttempts: 2, backoff: { base: 0 } }), retryBudget()`,
  'circuit-breaker': `circuitBreaker({ minimumCalls: 10 })`,
  bulkhead: `bulkhead({ maxConcurrent: 5, maxQueue: 1000 })`,
  fallback: `fallback({ value: 'instead' })`,
  'fallback.run': `fallback({ run: () => 'made' })`,
  'policy of one’s own': `custom('own', (next) => next())`,
  'whole pipeline': `fallback({ value: 1 }), deadline(60_000), retry({ maxAttempts: 2, backoff: { base: 0 } }),
    retryBudget(), bulkhead({ maxConcurrent: 5, maxQueue: 1000 }), circuitBreaker(), timeout(50_000)`,
};

/** Rounds of calls that succeed, fail, are aborted, or have a parent, of all shapes of operations. */
function program(policies: string, calls: number): string {
  return `
    import { getEventListeners } from 'node:events';
    const { bulkhead, circuitBreaker, classify, custom, deadline, fallback, pipeline, pending, retry,
      retryBudget, timeout } = holdfast;
    const verdict = classify((outcome) => (outcome.ok ? 'success' : 'transient'));
    const made = pipeline(verdict, ${policies});
    const inner = pipeline(timeout(50_000));
    const lasting = new AbortController();
    const later = (value) => new Promise((resolve) => setImmediate(resolve, value));
    const down = new Error('down');
    const shapes = [
      () => 1,
      async () => 1,
      () => { throw down; },
      async () => { throw down; },
      (attempt) => { attempt.succeed(1); return pending; },
      ({ signal }) => later(signal.aborted),
      (parent) => inner.tryCall(() => 1, { parent }),
    ];
    async function round(count) {
      for (let i = 0; i < count; i += 70) {
        const calls = [];
        for (let j = 0; j < 70; j++) {
          const options = j % 3 === 0 ? undefined : { idempotent: true, signal: lasting.signal };
          calls.push(made.tryCall(shapes[j % shapes.length], options));
        }
        const abort = new AbortController();
        calls.push(made.tryCall(() => new Promise(() => {}), { signal: abort.signal }));
        abort.abort(down);
        await Promise.all(calls);
      }
      await later();
      await later();
    }
    const used = () => { gc(); gc(); return process.memoryUsage().heapUsed; };
    await round(${Math.floor(calls / 5)});
    const before = used();
    await round(${calls});
    const grown = used() - before;
    await new Promise((resolve) => setTimeout(resolve, 250));
    const resources = process.getActiveResourcesInfo().filter((name) => /Timeout|Immediate/.test(name));
    const listeners = getEventListeners(lasting.signal, 'abort').length;
    console.log(JSON.stringify({ grown, resources, listeners, snapshot: made.snapshot() }));
  `;
}

describe('after a hundred thousand calls nothing is left of', () => {
  test.each(Object.entries(POLICIES))(
    'the %s',
    async (_, policies) => {
      const { code, stdout, stderr } = await runProgram(program(policies, 100_000), [
        '--expose-gc',
      ]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      const { grown, resources, listeners, snapshot } = JSON.parse(stdout);
      expect({ resources, listeners }).toEqual({ resources: [], listeners: 0 });
      expect(snapshot.bulkhead?.inFlight ?? 0).toBe(0);
      expect(grown).toBeLessThan(NOISE);
    },
    90_000,
  );
});
