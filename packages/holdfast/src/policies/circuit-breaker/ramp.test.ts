import { describe, expect, test } from 'vitest';
import type { CircuitOpenError } from '../../index.ts';
import { justClosed } from '../../../test/circuits.ts';

describe('the ramp after closing', () => {
  test.each([
    [0, 0.1],
    [2500, 0.325],
    [5000, 0.55],
    [9000, 0.91],
    [10_000, 1],
  ])('%i ms after closing, a share of %d is let through', (after, share) => {
    const { clock, answers } = justClosed();
    clock.advance(after);
    const passed = answers(2000, 'success').filter((end) => end === 'success').length / 2000;
    expect(passed).toBeGreaterThanOrEqual(share - 0.04);
    expect(passed).toBeLessThanOrEqual(share + 0.04);
  });

  test('what it does not let through is told that the circuit is closing, and to come back', () => {
    const { calls } = justClosed();
    const refusals: CircuitOpenError[] = [];
    for (let i = 0; i < 30; i++) {
      calls.start(
        () => 'success',
        ({ ok, error }) => ok || refusals.push(error as CircuitOpenError),
      );
    }
    expect(refusals.length).toBeGreaterThan(10);
    expect(refusals[0]!.message).toContain('the circuit is closing');
    expect(refusals[0]!.retryAfter).toBe(0);
  });

  test('opens on 5 calls, of which half fail', () => {
    const { answer, breaker, clock } = justClosed();
    clock.advance(9999);
    let passed = 0;
    while (breaker.state === 'closed') if (answer('transient') === 'transient') passed++;
    expect(passed).toBe(5);
  });

  test('once it is over, 20 calls are needed again', () => {
    const { answers, breaker, clock } = justClosed();
    clock.advance(10_000);
    answers(19, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('what was counted before it opened is forgotten', () => {
    expect(justClosed().breaker.snapshot!()).toMatchObject({ calls: 0, failures: 0, slow: 0 });
  });

  test('a minimum that is lower than the ramp’s is kept', () => {
    const { answer, breaker, clock } = justClosed({ minimumCalls: 2 });
    clock.advance(9999);
    let passed = 0;
    while (breaker.state === 'closed') if (answer('transient') === 'transient') passed++;
    expect(passed).toBe(2);
  });
});
