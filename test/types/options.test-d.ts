/** Options that exclude or need one another: what would be refused when it is made does not compile. */
import {
  circuitBreaker,
  type CircuitBreakerOptions,
  dependency,
  fallback,
  type FallbackOptions,
  pipeline,
  preset,
  retry,
  retryBudget,
} from 'holdfast';
import { holdfast } from 'holdfast/fastify';
import { idempotency } from 'holdfast/idempotency';
import { memoryStore } from 'holdfast/memory';
import { idempotent } from 'holdfast/node-http';
import { describe, expectTypeOf, test } from 'vitest';

declare const kind: 'time' | 'count';
declare const down: () => number;
declare const several: boolean;
const engine = () => idempotency({ store: memoryStore() });

describe('a fallback', () => {
  test('has something to answer, and not two things', () => {
    // @ts-expect-error: what does it answer?
    fallback({});
    // @ts-expect-error: nor does a timeout answer anything
    dependency('stock', { protocol: 'http', fallback: { timeout: '1s' } });
    // @ts-expect-error: that is off
    fallback({ stale: false });
    // @ts-expect-error: which of the two?
    fallback({ value: 1, run: () => 2 });
    fallback({ stale: true });
    fallback({ stale: {}, value: 1 });
    fallback({ stale: { maxAge: '1m' }, run: () => 1, timeout: '1s' });
    expectTypeOf<FallbackOptions>().toExtend<NonNullable<Parameters<typeof fallback>[0]>>();
  });

  test('says what a call may answer besides', () => {
    expectTypeOf(pipeline(fallback({ value: null })).call(down)).resolves.toEqualTypeOf<
      number | null
    >();
    expectTypeOf(pipeline(fallback({ run: async () => 'x' })).call(down)).resolves.toEqualTypeOf<
      number | string
    >();
    const stale = dependency('stock', { retry: false, fallback: { stale: true } });
    expectTypeOf(stale.call(down)).resolves.toEqualTypeOf<number>();
    const asked = dependency('stock', {
      retry: false,
      fallback: { stale: {}, run: ({ verdict }) => verdict === 'timeout' },
    });
    expectTypeOf(asked.call(down)).resolves.toEqualTypeOf<number | boolean>();
  });
});

describe('options of another kind', () => {
  test('of a breaker', () => {
    // @ts-expect-error: only for kind count
    circuitBreaker({ windowCalls: 50 });
    // @ts-expect-error: failures in a row have no rate
    circuitBreaker({ kind: 'consecutive', failureRate: 0.5 });
    // @ts-expect-error: only for kind count
    dependency('stock', { protocol: 'http', breaker: { windowCalls: 50 } });
    circuitBreaker({ kind: 'count', windowCalls: 50, failureRate: 0.5, window: undefined });
    expectTypeOf(circuitBreaker).toBeCallableWith({ kind, minimumCalls: 5 });
    const base = { cooldown: '1s', probes: 2 } satisfies CircuitBreakerOptions;
    circuitBreaker({ ...base, kind: 'consecutive', consecutiveFailures: 3 });
    dependency('stock', { ...preset('realtime'), protocol: 'http' });
  });

  test('of a budget', () => {
    // @ts-expect-error: only for kind token-bucket
    retryBudget({ capacity: 5 });
    // @ts-expect-error: a bucket has no window
    retryBudget({ kind: 'token-bucket', window: '10s' });
    expectTypeOf(retryBudget).toBeCallableWith({ kind: 'token-bucket', capacity: 5 });
  });

  test('of a wait', () => {
    // @ts-expect-error: only for kind custom
    retry({ backoff: { custom: () => 5 } });
    // @ts-expect-error: how long does one wait?
    retry({ backoff: { kind: 'custom' } });
    // @ts-expect-error: nobody asks for the base
    retry({ backoff: { kind: 'custom', custom: () => 5, base: 10 } });
    // @ts-expect-error: only for kind exponential
    dependency('stock', { protocol: 'http', retry: { backoff: { kind: 'linear', factor: 3 } } });
    retry({ backoff: { kind: 'custom', custom: (failures) => failures * 5, max: '1s' } });
    expectTypeOf(retry).toBeCallableWith({
      backoff: { jitter: several ? 'full' : 'decorrelated' },
    });
  });
});

describe('several tenants', () => {
  test('are told apart', () => {
    // @ts-expect-error: whose key is it?
    idempotent(engine(), { multiTenant: true });
    // @ts-expect-error: whose key is it?
    void holdfast({}, { idempotency: { engine: engine(), multiTenant: true } });
    expectTypeOf(
      idempotent(engine(), { multiTenant: true, tenant: ({ headers }) => headers.host }),
    ).toBeFunction();
    idempotent(engine(), { multiTenant: several, tenant: ({ headers }) => headers.host });
    void holdfast(
      {},
      { idempotency: { engine: engine(), multiTenant: true, tenant: ({ url }) => url } },
    );
  });
});
