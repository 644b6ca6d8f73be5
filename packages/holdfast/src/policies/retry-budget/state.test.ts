import { describe, expect, test } from 'vitest';
import { type OptionsOf, parseOptions } from '../../core/options.ts';
import { retryBudgetOptions } from './options.ts';
import { BudgetState } from './state.ts';

/** A budget as these options make it; without a floor, unless they have one. */
const budget = (options: OptionsOf<typeof retryBudgetOptions> = {}): BudgetState =>
  new BudgetState(
    parseOptions(retryBudgetOptions, { floorPerSecond: 0, ...options }, 'retryBudget'),
  );

describe('what is earned', () => {
  test('is a whole attempt at exactly 1 / ratio earnings, whatever the rounding of floats', () => {
    for (let percent = 1; percent <= 100; percent++) {
      for (const kind of ['window', 'token-bucket'] as const) {
        const state = budget({ kind, ratio: percent / 100, capacity: 1 });
        if (kind === 'token-bucket') state.charge(0);
        for (let earned = 1; earned < 100 / percent; earned++) {
          state.earn(0);
          expect(state.allows(0)).toBe(false);
        }
        state.earn(0);
        expect(state.allows(0)).toBe(true);
      }
    }
    const manifold = budget({ ratio: 0.29 });
    for (let i = 0; i < 100; i++) manifold.earn(0);
    let charged = 0;
    while (manifold.charge(0) !== null) charged++;
    expect(charged).toBe(29);
  });

  test('is forgotten once the window has passed, and so is what was taken', () => {
    const state = budget({ ratio: 1 });
    state.earn(0);
    expect(state.allows(9999)).toBe(true);
    expect(state.allows(10_000)).toBe(false);
    state.earn(10_000);
    expect(state.charge(10_000)).toEqual({ source: 'earned', at: 10_000 });
    expect(state.allows(19_999)).toBe(false);
    state.earn(20_000);
    expect(state.allows(20_000)).toBe(true);
  });

  test('in a bucket does not age, and never exceeds its capacity', () => {
    const state = budget({ kind: 'token-bucket', capacity: 2 });
    for (let i = 0; i < 1000; i++) state.earn(0);
    const hour = 3_600_000;
    expect([state.charge(hour), state.charge(hour), state.charge(hour)]).toEqual([
      { source: 'earned', at: hour },
      { source: 'earned', at: hour },
      null,
    ]);
  });
});

describe('the floor', () => {
  test('gives one at a time and saves none up', () => {
    const state = budget({ floorPerSecond: 0.1 });
    expect(state.charge(0)).toEqual({ source: 'floor', at: 0 });
    expect(state.charge(9999)).toBe(null);
    expect(state.charge(10_000)).not.toBe(null);
    expect(state.charge(3_600_000)).not.toBe(null);
    expect(state.charge(3_600_000)).toBe(null);
  });

  test('is drawn upon only after what was earned', () => {
    const state = budget({ ratio: 1, floorPerSecond: 0.1 });
    state.earn(0);
    expect(state.charge(0)?.source).toBe('earned');
    expect(state.charge(0)?.source).toBe('floor');
  });
});

describe('a refund', () => {
  test('goes back to the slice of the window that was charged, however late it comes', () => {
    const state = budget({ ratio: 1 });
    for (let i = 0; i < 2; i++) state.earn(4000);
    const early = state.charge(4000)!;
    expect(state.charge(9000)).not.toBe(null);
    expect(state.allows(9000)).toBe(false);
    state.refund(early, 9000);
    expect(state.allows(9000)).toBe(true);
  });

  test('of what has left the window changes nothing', () => {
    const state = budget({ ratio: 1 });
    state.earn(0);
    const old = state.charge(0)!;
    state.earn(10_000);
    expect(state.charge(10_000)).not.toBe(null);
    state.refund(old, 10_000);
    expect(state.allows(10_000)).toBe(false);
  });

  test('gives back to the floor, to the bucket and to the cap', () => {
    for (const given of [
      { floorPerSecond: 0.1, capPerMinute: 1 },
      { kind: 'token-bucket' as const, capacity: 1, capPerMinute: 1 },
    ]) {
      const state = budget(given);
      const charge = state.charge(0)!;
      expect(state.allows(0)).toBe(false);
      state.refund(charge, 0);
      expect(state.charge(0)).toEqual(charge);
      expect(state.allows(0)).toBe(false);
    }
  });
});

describe('utilisation', () => {
  test('is the share of what is allowed that is used up, by kind', () => {
    const window = budget({ ratio: 0.5 });
    for (let i = 0; i < 20; i++) window.earn(0);
    const bucket = budget({ kind: 'token-bucket' });
    for (const state of [window, bucket]) {
      const seen = Array.from({ length: 11 }, () => {
        const share = state.utilisationAt(0);
        state.charge(0);
        return share.toFixed(1);
      });
      expect(seen.join(' ')).toBe('0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0');
    }
  });

  test('counts the floor as one more, and is 1 exactly while nothing is allowed', () => {
    const state = budget({ ratio: 1, floorPerSecond: 0.1 });
    state.earn(0);
    const seen = [state.utilisationAt(0)];
    for (const now of [0, 0]) {
      state.charge(now);
      seen.push(state.utilisationAt(now));
    }
    expect(seen).toEqual([0, 0.5, 1]);
    expect(state.utilisationAt(9000)).toBe(1);
    expect(state.utilisationAt(10_000)).toBe(0);
  });

  test('is that of the cap where that is nearer', () => {
    const state = budget({ kind: 'token-bucket', capacity: 100, capPerMinute: 4 });
    expect(state.utilisationAt(0)).toBe(0);
    state.charge(0);
    expect(state.utilisationAt(0)).toBe(0.25);
    for (let i = 0; i < 3; i++) state.charge(0);
    expect(state.utilisationAt(59_999)).toBe(1);
    expect(state.utilisationAt(67_000)).toBeCloseTo(0.04, 9);
  });
});
