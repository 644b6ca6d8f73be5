import { bulkhead, pending, pipeline, timeout } from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';

/** One slot, and a call queued for it whose callback throws. */
function house() {
  const runtime = testRuntime();
  const slots = bulkhead({ maxConcurrent: 1 }, runtime);
  const queued = pipeline(slots);
  const queue = (): void =>
    queued.start(
      () => 1,
      () => {
        throw new Error('in a callback');
      },
    );
  return { calls: pipeline(timeout(100, runtime), slots), clock: runtime.clock, queue, slots };
}

describe('a callback that throws is told in a turn of its own, and stops no other call', () => {
  test('that times out, and lets it go on', () => {
    const { calls, clock, queue, slots } = house();
    const ends: unknown[] = [];
    calls.start(
      () => pending,
      ({ verdict }) => ends.push(verdict),
    );
    queue();
    clock.advance(100 - 1);
    expect(() => clock.advance(1)).toThrow('in a callback');
    clock.advance(0);
    expect([ends, slots.inFlight]).toEqual([['timeout'], 0]);
  });

  test('that succeeds, and lets it go on', async () => {
    const { calls, clock, queue } = house();
    let answer!: (value: string) => void;
    const call = calls.call(() => new Promise<string>((resolve) => (answer = resolve)));
    queue();
    answer('its own');
    expect(await call).toBe('its own');
    expect(() => clock.advance(0)).toThrow('in a callback');
  });
});
