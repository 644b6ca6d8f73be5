import { describe, expect, test, vi } from 'vitest';
import { classify, fail, makeStock } from '../../test/stock.ts';
import { dependency, type Dependency, type HoldfastEvent, keyed, pending } from '../index.ts';
import { testRuntime } from '../testing/index.ts';

const nothing = (): void => {};

describe('false leaves a part out', () => {
  test('each of them, and all of them', async () => {
    const it = dependency(
      'bare',
      { retry: false, breaker: false, bulkhead: false, timeout: false, deadline: false },
      testRuntime(),
    );
    expect(it.snapshot()).toEqual({ dependency: 'bare' });
    expect(it.breaker).toBeNull();
    expect(it.evictable).toBe(true);
    expect(await it.call(() => 5)).toBe(5);
  });

  test('a budget alone', () => {
    expect(Object.keys(makeStock({ retry: { budget: false } }).it.snapshot())).not.toContain(
      'retry-budget',
    );
  });
});

describe('ways to call', () => {
  test('call gives the value or rejects; tryCall never rejects', async () => {
    const { it } = makeStock({ retry: false });
    expect(await it.call(() => 1)).toBe(1);
    await expect(it.call(fail)).rejects.toThrow('down');
    expect(await it.tryCall(() => 1)).toMatchObject({ ok: true, value: 1, stoppedBy: null });
    expect(await it.tryCall(fail)).toMatchObject({ ok: false, verdict: 'transient' });
  });

  test('start tells by callback', () => {
    const { it } = makeStock();
    const seen: unknown[] = [];
    it.start(
      () => 1,
      ({ ok, value }) => seen.push([ok, value]),
    );
    expect(seen).toEqual([[true, 1]]);
  });

  test('wrap makes a function whose arguments follow the attempt', async () => {
    const { it } = makeStock();
    const add = it.wrap(({ number }, a: number, b: number) => number + a + b);
    expect(await add(10, 20)).toBe(31);
    expect(await add(1, 2)).toBe(4);
  });

  test('its snapshot is plain JSON', () => {
    const { it } = makeStock();
    const snapshot = it.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
    expect(snapshot).toMatchObject({
      dependency: 'stock',
      'retry-budget': { utilisation: 0 },
      bulkhead: { inFlight: 0 },
      'circuit-breaker': { state: 'closed' },
    });
  });

  test('every event bears its name, and goes to its own listener and to the runtime’s', async () => {
    const heard: HoldfastEvent[] = [];
    const { it, runtime } = makeStock({ onEvent: (event) => heard.push(event) });
    await it.call(() => 1);
    expect(heard.map(({ type }) => type)).toEqual(['attempt.settled', 'call.settled']);
    expect(runtime.sink.events).toEqual(heard);
    expect(heard.every((event) => event.dependency === 'stock')).toBe(true);
  });

  test('a listener that throws harms nobody', async () => {
    expect(await makeStock({ onEvent: fail }).it.call(() => 1)).toBe(1);
  });
});

describe('a value that nobody will receive', () => {
  const http = { status: 200, headers: new Headers() };

  test.each([
    ['with a classifier', { classify: () => 'success' }],
    ['over HTTP', { protocol: 'http' }],
    ['with no word on what outcomes mean', { retry: false }],
  ])('lets go of its body: %s', async (_, options) => {
    const runtime = testRuntime();
    const it = dependency('stock', options as never, runtime);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const result = it.tryCall(() => promise as never);
    await runtime.clock.advanceAsync(5000);
    expect(await result).toMatchObject({ verdict: 'timeout' });
    const cancel = vi.fn<() => Promise<void>>(async () => {});
    resolve({ ...http, body: { cancel } });
    await runtime.clock.advanceAsync(0);
    expect(cancel).toHaveBeenCalledOnce();
  });
});

describe('in a registry', () => {
  test('it may be forgotten while its breaker is closed and nothing runs', () => {
    const { it } = makeStock();
    expect(it.evictable).toBe(true);
    let end = nothing;
    it.start(
      (attempt) => {
        end = () => attempt.succeed(1);
        return pending as never;
      },
      () => {},
    );
    expect(it.evictable).toBe(false);
    end();
    expect(it.evictable).toBe(true);
    it.breaker!.isolate();
    expect(it.evictable).toBe(false);
  });

  test('it may not be forgotten while a call of it waits to be tried again', () => {
    const { it, clock } = makeStock({
      retry: { maxAttempts: 2, backoff: { base: 100, jitter: 'none' } },
    });
    const gone = new AbortController();
    it.start(fail, nothing, { idempotent: true, signal: gone.signal });
    expect(it.evictable).toBe(false);
    gone.abort();
    expect(it.evictable).toBe(true);
    it.start(fail, nothing, { idempotent: true });
    expect([it.evictable, it.sibling().evictable]).toEqual([false, true]);
    clock.advance(100);
    expect(it.evictable).toBe(true);
  });

  test('each key has its own', () => {
    const runtime = testRuntime();
    const shards = keyed((key): Dependency => dependency(key, { classify }, runtime), {}, runtime);
    shards.get('a').breaker!.isolate();
    expect(shards.get('b').breaker!.state).toBe('closed');
    expect(shards.get('a').name).toBe('a');
  });
});
