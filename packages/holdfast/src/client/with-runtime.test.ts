import { describe, expect, test } from 'vitest';
import { classify, hang } from '../../test/stock.ts';
import { dependency, withRuntime } from '../index.ts';
import { idempotency } from '../idempotency/engine.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/index.ts';

describe('withRuntime', () => {
  test('binds every factory to one runtime', async () => {
    const runtime = testRuntime();
    const bound = withRuntime(runtime);
    const policies = [
      bound.bulkhead(),
      bound.circuitBreaker(),
      bound.deadline('1s'),
      bound.fallback({ value: 1 }),
      bound.retryBudget(),
      bound.timeout('1s'),
      bound.custom('own', (next) => next()),
      bound.retry(),
    ];
    expect(policies.every((policy) => policy.runtime === runtime)).toBe(true);
    const it = bound.dependency('it', { classify });
    const answer = it.tryCall(hang);
    runtime.clock.advance(1000);
    expect(await answer).toMatchObject({ verdict: 'timeout' });
    const things = bound.keyed(() => ({}), { idle: 5 });
    things.get('a');
    runtime.clock.advance(5);
    things.get('b');
    expect([...things.keys()]).toEqual(['b']);
    expect(await bound.pipeline(bound.classify(classify), bound.timeout(5)).call(() => 1)).toBe(1);
  });

  test.each([
    ['nothing', undefined],
    ['a sink alone', { sink: () => {} }],
    ['a function that would make one', testRuntime],
  ])('refuses %s, and so do a dependency, an engine and a store', (_, given) => {
    const message = 'needs a whole runtime, such as { ...systemRuntime, sink }';
    expect(() => withRuntime(given as never)).toThrow(new TypeError(`withRuntime ${message}`));
    // Undefined stands for the system's.
    const wrong = (given ?? null) as never;
    const makers: [string, () => unknown][] = [
      ["dependency('it')", () => dependency('it', { classify }, wrong)],
      ['idempotency', () => idempotency({ store: memoryStore() }, wrong)],
      ['memoryStore', () => memoryStore({}, wrong)],
    ];
    for (const [name, make] of makers) expect(make).toThrow(new TypeError(`${name} ${message}`));
  });

  test('a pipeline without a policy that has a runtime is on the bound one as well', async () => {
    const runtime = testRuntime();
    const bound = withRuntime(runtime);
    await bound.pipeline().call(() => 1);
    await bound.pipeline(bound.classify(classify)).call(() => 1);
    expect(runtime.sink.of('call.settled')).toHaveLength(2);
  });

  test('a runtime that is given to a factory goes before the bound one', () => {
    const other = testRuntime(2);
    expect(withRuntime(testRuntime()).bulkhead({}, other).runtime).toBe(other);
  });
});
