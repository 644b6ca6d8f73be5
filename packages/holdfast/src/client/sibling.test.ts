import { describe, expect, test } from 'vitest';
import { fail, hang, makeStock } from '../../test/stock.ts';
import { dependency, keyed } from '../index.ts';
import { testRuntime } from '../testing/index.ts';
import { heardBy, optionsOf } from './dependency.ts';

const OPENS_SOON = {
  retry: false,
  breaker: { kind: 'consecutive', consecutiveFailures: 1 },
} as const;

describe('a sibling', () => {
  test('has the name, the options and the listeners', async () => {
    const events: string[] = [];
    const { it } = makeStock({ timeout: '3s', onEvent: ({ type }) => events.push(type) });
    const sibling = it.sibling();
    expect([sibling.name, sibling.explain()]).toEqual([it.name, it.explain()]);
    expect(optionsOf(sibling)).toBe(optionsOf(it));
    expect(sibling.runtime).toBe(it.runtime);
    expect(await sibling.call(() => 5)).toBe(5);
    expect(events).toEqual(['attempt.settled', 'call.settled']);
  });

  test('has a breaker of its own', async () => {
    const { it } = makeStock(OPENS_SOON);
    const sibling = it.sibling();
    await it.tryCall(fail);
    expect([it.breaker!.state, sibling.breaker!.state]).toEqual(['open', 'closed']);
    expect([it.evictable, sibling.evictable]).toEqual([false, true]);
    // Made now, it does not inherit that either.
    expect(it.sibling().breaker!.state).toBe('closed');
    sibling.breaker!.isolate();
    expect(it.breaker!.state).toBe('open');
  });

  test('does not probe at the same moment as another', async () => {
    const { it } = makeStock(OPENS_SOON);
    const all = [it, it.sibling(), it.sibling(), it.sibling().sibling()];
    for (const one of all) await one.tryCall(fail);
    const waits = all.map((one) => one.snapshot()['circuit-breaker'] as { retryAfter: number });
    expect(new Set(waits.map(({ retryAfter }) => retryAfter)).size).toBe(all.length);
  });

  test('has a retry budget, a bulkhead and kept answers of its own', async () => {
    const { it } = makeStock({
      retry: { backoff: { base: 0 }, budget: { floorPerSecond: 0.1 } },
      breaker: false,
      bulkhead: { maxConcurrent: 1, maxQueue: 0 },
      fallback: { stale: true },
    });
    const sibling = it.sibling();
    const used = (one: typeof it): unknown => one.snapshot()['retry-budget'];
    expect(await it.call(() => 1)).toBe(1);
    expect(await it.tryCall(fail, { idempotent: true })).toMatchObject({
      value: 1,
      fellBack: true,
    });
    expect(await sibling.tryCall(fail)).toMatchObject({ ok: false, fellBack: false });
    expect([used(it), used(sibling)]).toEqual([{ utilisation: 1 }, { utilisation: 0 }]);
    void it.tryCall(hang);
    expect((await it.tryCall(() => 2)).stoppedBy).toBe('rejected');
    expect(await sibling.tryCall(() => 2)).toMatchObject({ ok: true });
  });

  test('learns by itself how long attempts take', async () => {
    const { it, clock } = makeStock({ deadline: '10s', timeout: '9s', breaker: false });
    const slow = it.call(() => new Promise((resolve) => setTimeout(resolve)));
    clock.advance(8000);
    await slow;
    const stoppedBy = async (one: typeof it): Promise<unknown> => {
      const answer = one.tryCall(fail, { idempotent: true, deadline: 500 });
      clock.advance(400);
      return (await answer).stoppedBy;
    };
    expect(await stoppedBy(it)).toBe('deadline');
    expect(await stoppedBy(it.sibling())).not.toBe('deadline');
  });

  test('can be made for each key of a registry', async () => {
    const { it } = makeStock(OPENS_SOON);
    const shards = keyed(() => it.sibling());
    await shards.get('a').tryCall(fail);
    expect((await shards.get('a').tryCall(() => 1)).stoppedBy).toBe('breaker');
    expect(await shards.get('b').call(() => 1)).toBe(1);
  });
});

describe('a dependency that another listener hears', () => {
  test('shares the state, and tells that listener of its own calls', async () => {
    const { it } = makeStock(OPENS_SOON);
    const told: string[] = [];
    const heard = heardBy(it, ({ type }) => told.push(type));
    expect(heard.name).toBe(it.name);
    await it.tryCall(() => 5);
    expect(told).toEqual([]);
    await heard.tryCall(fail);
    expect(told).toEqual(['attempt.settled', 'call.settled']);
    expect(heard.breaker).toBe(it.breaker);
    expect(it.breaker!.state).toBe('open');
  });

  test('tells how long attempts took, also where no policy has asked for the time', async () => {
    const runtime = { ...testRuntime(), sink: null };
    const nothing = { timeout: false, deadline: false, retry: false } as const;
    const it = dependency('it', { ...nothing, breaker: false, bulkhead: false }, runtime);
    const events: object[] = [];
    const heard = heardBy(it, (event) => events.push(event));
    runtime.clock.advance(500);
    await heard.tryCall(() => 5);
    expect(events[0]).toMatchObject({ type: 'attempt.settled', duration: 0 });
  });

  test('must be one that `dependency` made', () => {
    expect(() => heardBy({} as never, () => {})).toThrow(TypeError);
  });
});
