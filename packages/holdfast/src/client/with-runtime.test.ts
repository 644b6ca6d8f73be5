import { describe, expect, test } from 'vitest';
import { classify, hang } from '../../test/stock.ts';
import {
  bulkhead,
  circuitBreaker,
  custom,
  deadline,
  dependency,
  fallback,
  keyed,
  retry,
  retryBudget,
  timeout,
  withRuntime,
} from '../index.ts';
import { idempotency } from '../idempotency/engine.ts';
import { fleetFrom } from '../spec/fleet.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { migrate, postgresStore } from '../stores/postgres/index.ts';
import { sqliteStore } from '../stores/sqlite/index.ts';
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

  const WHOLE = 'needs a whole runtime, such as { ...systemRuntime, sink }';

  test.each([
    ['nothing', undefined, WHOLE],
    ['a sink alone', { sink: () => {} }, WHOLE],
    ['a function that would make one', testRuntime, WHOLE],
    [
      'one whose sink could not hear',
      { ...testRuntime(), sink: {} },
      'needs a runtime whose sink is a function of an event, or null',
    ],
  ])('refuses %s, and so does whatever takes a runtime', async (_, given, message) => {
    expect(() => withRuntime(given as never)).toThrow(new TypeError(`withRuntime ${message}`));
    // Undefined stands for the system's.
    const wrong = (given ?? null) as never;
    const makers: Record<string, () => unknown> = {
      "dependency('it')": () => dependency('it', { classify }, wrong),
      bulkhead: () => bulkhead({}, wrong),
      circuitBreaker: () => circuitBreaker({}, wrong),
      custom: () => custom('own', (next) => next(), wrong),
      deadline: () => deadline('1s', wrong),
      fallback: () => fallback({ value: 1 }, wrong),
      keyed: () => keyed(() => ({}), {}, wrong),
      retry: () => retry({}, wrong),
      retryBudget: () => retryBudget({}, wrong),
      timeout: () => timeout('1s', wrong),
      fleetFrom: () => fleetFrom({ holdfast: 1, services: {} }, wrong),
      idempotency: () => idempotency({ store: memoryStore() }, wrong),
      memoryStore: () => memoryStore({}, wrong),
      sqliteStore: () => sqliteStore('never-opened.db', wrong),
      postgresStore: () => postgresStore({} as never, {}, wrong),
    };
    for (const [name, make] of Object.entries(makers)) {
      expect(make).toThrow(new TypeError(`${name} ${message}`));
    }
    await expect(migrate({} as never, {}, wrong)).rejects.toThrow(`migrate ${message}`);
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
