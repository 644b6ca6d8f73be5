import { describe, expect, test } from 'vitest';
import { fail, hang, makeStock } from '../../test/stock.ts';
import { pending } from '../index.ts';

const nothing = (): void => {};

describe('the order', () => {
  test('fallback is outside the deadline: it answers when time is up', async () => {
    const { it, clock } = makeStock({ fallback: { value: 'instead' } });
    const answer = it.tryCall(hang);
    clock.advance(1000);
    expect(await answer).toMatchObject({ value: 'instead', fellBack: true });
  });

  test('the deadline is outside retries and their waits', async () => {
    const { it, clock } = makeStock({
      timeout: '1s',
      deadline: '2500ms',
      retry: { budget: false, backoff: { jitter: 'none', base: 400 } },
    });
    const answer = it.tryCall(hang, { idempotent: true });
    clock.advance(2500);
    expect(await answer).toMatchObject({
      ok: false,
      stoppedBy: 'deadline',
      error: { attempts: [{}, {}] },
    });
  });

  test('the timeout is per attempt, inside the retry', async () => {
    const { it, clock } = makeStock({ retry: { budget: false, backoff: { base: 0 } } });
    const answer = it.tryCall(hang, { idempotent: true });
    clock.advance(3000);
    const { attempts } = await answer;
    expect(attempts.map(({ verdict, duration }) => [verdict, duration])).toEqual([
      ['timeout', 1000],
      ['timeout', 1000],
      ['timeout', 1000],
    ]);
  });

  test('the budget is inside the retry: a spent one stops retries and no first attempts', async () => {
    const { it } = makeStock({ retry: { budget: { floorPerSecond: 0 }, backoff: { base: 0 } } });
    expect(await it.tryCall(fail, { idempotent: true })).toMatchObject({
      stoppedBy: 'budget',
      attempts: [{ attempt: 1 }],
    });
  });

  test('the bulkhead is inside the retry: a backoff holds no slot', () => {
    const { it, clock } = makeStock({
      bulkhead: { maxConcurrent: 1 },
      retry: { backoff: { jitter: 'none', base: 500 } },
    });
    let other = 0;
    it.start(fail, () => {}, { idempotent: true });
    it.start(
      () => 'x',
      () => other++,
    );
    expect(other).toBe(1);
    expect(clock.armed).toBeGreaterThan(0);
  });

  test('the breaker is inside the bulkhead: who waits for a slot is no probe yet', () => {
    const { it, clock } = makeStock({
      retry: false,
      timeout: false,
      bulkhead: { maxConcurrent: 1, releaseOn: 'settle' },
      breaker: { kind: 'consecutive', consecutiveFailures: 1, cooldown: 10, cooldownJitter: 0 },
    });
    const controller = new AbortController();
    let end = nothing;
    it.start(
      (attempt) => {
        end = () => attempt.succeed(1);
        return pending as never;
      },
      () => {},
      { signal: controller.signal },
    );
    // Cut when it was slow already, it opens the breaker, but its operation keeps the slot.
    clock.advance(3000);
    controller.abort();
    expect(it.breaker!.state).toBe('open');
    clock.advance(10);
    it.start(hang, () => {});
    expect(it.snapshot()).toMatchObject({
      bulkhead: { queued: 1 },
      'circuit-breaker': { state: 'open' },
    });
    end();
    expect(it.breaker!.state).toBe('half-open');
  });

  test('the breaker is outside the timeout: attempts that time out open it', () => {
    const { it, clock } = makeStock({
      retry: false,
      breaker: { kind: 'consecutive', consecutiveFailures: 2 },
    });
    it.start(hang, () => {});
    it.start(hang, () => {});
    clock.advance(1000);
    expect(it.breaker!.state).toBe('open');
  });

  test('an open breaker ends the call at its entry, even when all slots are taken', async () => {
    const { it, clock } = makeStock({ bulkhead: { maxConcurrent: 1 } });
    it.start(hang, () => {});
    it.breaker!.isolate();
    const before = clock.now();
    expect(await it.tryCall(() => 'x')).toMatchObject({ stoppedBy: 'breaker', attempts: [] });
    expect(clock.now()).toBe(before);
    expect(it.snapshot()).toMatchObject({ bulkhead: { queued: 0 } });
  });

  test('its parts are listed from the outside in', () => {
    const { it } = makeStock();
    expect(Object.keys(it.snapshot())).toEqual([
      'dependency',
      'retry-budget',
      'bulkhead',
      'circuit-breaker',
    ]);
  });
});
