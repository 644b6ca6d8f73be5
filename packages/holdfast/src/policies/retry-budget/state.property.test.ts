import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParsedRetryBudget } from './options.ts';
import { BudgetState, type Charge } from './state.ts';

const defaults: ParsedRetryBudget = {
  kind: 'window',
  ratio: 0.1,
  earnedBy: 'success',
  window: 10_000,
  capacity: 10,
  floorPerSecond: 0,
  capPerMinute: 0,
};

const budget = (options: Partial<ParsedRetryBudget> = {}): BudgetState =>
  new BudgetState({ ...defaults, ...options });

const WHOLE = 1_000_000;

/** What the budget and its model have in common. */
type Budget = Pick<BudgetState, 'earn' | 'allows' | 'charge' | 'refund' | 'utilisation'>;

/**
 * The budget as slow as it is obvious: it keeps the time of everything that happened, counts again
 * for every question, and reckons in whole millionths of an extra attempt.
 */
class Model implements Budget {
  readonly #options: ParsedRetryBudget;
  readonly #earned: number[] = [];
  readonly #taken: Charge[] = [];
  readonly #capped: Charge[] = [];
  /** What happened to the floor's one token: how much went in (+) or out (−), and when. */
  readonly #floor: { readonly at: number; readonly tokens: number }[] = [];
  #tokens: number;

  constructor(options: ParsedRetryBudget) {
    this.#options = options;
    this.#tokens = options.capacity * WHOLE;
  }

  earn(now: number): void {
    const { capacity } = this.#options;
    this.#earned.push(now);
    this.#tokens = Math.min(capacity * WHOLE, this.#tokens + this.#perEarning);
  }

  allows(now: number): boolean {
    return this.#source(now) !== null;
  }

  #source(now: number): Charge['source'] | null {
    const { capPerMinute } = this.#options;
    if (capPerMinute > 0 && this.#usedOfCap(now) >= 1) return null;
    if (this.#left(now) >= WHOLE) return 'earned';
    return this.#floorLevel(now) >= WHOLE ? 'floor' : null;
  }

  charge(now: number): Charge | null {
    const source = this.#source(now);
    if (source === null) return null;
    const charge = { source, at: now };
    this.#capped.push(charge);
    if (source === 'floor') {
      this.#floor.push({ at: now, tokens: -WHOLE });
    } else {
      this.#taken.push(charge);
      this.#tokens -= WHOLE;
    }
    return charge;
  }

  refund(charge: Charge, now: number): void {
    this.#capped.splice(this.#capped.indexOf(charge), 1);
    if (charge.source === 'floor') {
      this.#floor.push({ at: now, tokens: WHOLE });
    } else {
      this.#taken.splice(this.#taken.indexOf(charge), 1);
      this.#tokens = Math.min(this.#options.capacity * WHOLE, this.#tokens + WHOLE);
    }
  }

  utilisation(now: number): number {
    if (this.#source(now) === null) return 1;
    const { floorPerSecond } = this.#options;
    const most = this.#most(now) + (floorPerSecond > 0 ? WHOLE : 0);
    const left = Math.max(0, this.#left(now)) + this.#floorLevel(now);
    return Math.max(1 - left / most, this.#usedOfCap(now));
  }

  get #perEarning(): number {
    return Math.round(this.#options.ratio * WHOLE);
  }

  #most(now: number): number {
    const { kind, capacity, window } = this.#options;
    if (kind === 'token-bucket') return capacity * WHOLE;
    const earned = this.#earned.filter((at) => isWithin(at, now, window, 10)).length;
    return Math.floor((earned * this.#perEarning) / WHOLE) * WHOLE;
  }

  #left(now: number): number {
    if (this.#options.kind === 'token-bucket') return this.#tokens;
    const { window } = this.#options;
    const taken = this.#taken.filter(({ at }) => isWithin(at, now, window, 10)).length;
    return this.#most(now) - taken * WHOLE;
  }

  #floorLevel(now: number): number {
    const { floorPerSecond } = this.#options;
    if (floorPerSecond === 0) return 0;
    let level = WHOLE;
    let last = 0;
    for (const { at, tokens } of [...this.#floor, { at: now, tokens: 0 }]) {
      level = Math.min(WHOLE, level + (at - last) * Math.round(floorPerSecond * 1000));
      level = Math.min(WHOLE, level + tokens);
      last = at;
    }
    return level;
  }

  #usedOfCap(now: number): number {
    const { capPerMinute } = this.#options;
    if (capPerMinute === 0) return 0;
    return this.#capped.filter(({ at }) => isWithin(at, now, 65_000, 13)).length / capPerMinute;
  }
}

/** Windows forget by whole slices. */
function isWithin(at: number, now: number, window: number, slices: number): boolean {
  const slice = window / slices;
  return Math.floor(now / slice) - Math.floor(at / slice) < slices;
}

type Move =
  | { readonly do: 'earn' | 'charge'; readonly times: number }
  | { readonly do: 'refund'; readonly which: number }
  | { readonly do: 'wait'; readonly ms: number };

const move: fc.Arbitrary<Move> = fc.oneof(
  fc.record({ do: fc.constant('earn' as const), times: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ do: fc.constant('charge' as const), times: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ do: fc.constant('refund' as const), which: fc.nat(10) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 200_000 }) }),
);

const options: fc.Arbitrary<ParsedRetryBudget> = fc.record({
  kind: fc.constantFrom('window' as const, 'token-bucket' as const),
  ratio: fc.integer({ min: 0, max: 2000 }).map((thousandths) => thousandths / 1000),
  earnedBy: fc.constant('success' as const),
  window: fc.constantFrom(1000, 10_000, 60_000),
  capacity: fc.integer({ min: 1, max: 20 }),
  floorPerSecond: fc.constantFrom(0, 0.1, 0.7, 5),
  capPerMinute: fc.constantFrom(0, 0, 1, 7),
});

/** Plays the moves, and tells all that it answered. */
function history(state: Budget, moves: readonly Move[]): unknown[] {
  const answers: unknown[] = [];
  const charges: Charge[] = [];
  let now = 0;
  for (const next of moves) {
    if (next.do === 'wait') now += next.ms;
    for (let i = 0; next.do === 'earn' && i < next.times; i++) state.earn(now);
    for (let i = 0; next.do === 'charge' && i < next.times; i++) {
      const charge = state.charge(now);
      answers.push(charge);
      if (charge !== null) charges.push(charge);
    }
    if (next.do === 'refund' && next.which < charges.length) {
      state.refund(charges.splice(next.which, 1)[0]!, now);
    }
    answers.push(state.allows(now), state.utilisation(now).toFixed(6));
  }
  return answers;
}

/** Plays the moves, takes all that is allowed after each, and tells what came of it. */
function exhaust(state: Budget, moves: readonly Move[]) {
  const sum = { now: 0, earned: 0, charged: 0 };
  for (const next of moves) {
    if (next.do === 'wait') sum.now += next.ms;
    for (let i = 0; next.do === 'earn' && i < next.times; i++) {
      state.earn(sum.now);
      sum.earned++;
    }
    while (state.charge(sum.now) !== null) sum.charged++;
  }
  return sum;
}

describe('a budget', () => {
  test('agrees with a model that remembers everything', () => {
    fc.assert(
      fc.property(options, fc.array(move, { maxLength: 60 }), (given, moves) => {
        expect(history(new BudgetState(given), moves)).toEqual(history(new Model(given), moves));
      }),
      { numRuns: 300 },
    );
  });

  test('never allows more in all than was earned, the floor, and what the bucket began with', () => {
    fc.assert(
      fc.property(options, fc.array(move, { maxLength: 100 }), (given, moves) => {
        const { now, earned, charged } = exhaust(new BudgetState(given), moves);
        const { kind, capacity, floorPerSecond, ratio } = given;
        const begins = kind === 'token-bucket' ? capacity : 0;
        const floor = floorPerSecond > 0 ? 1 + (floorPerSecond * now) / 1000 : 0;
        expect(charged).toBeLessThanOrEqual(begins + earned * ratio + floor + 1e-6);
      }),
    );
  });

  test('never allows more than its cap within any minute', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 5, maxLength: 80 });
    fc.assert(
      fc.property(gaps, fc.integer({ min: 1, max: 10 }), (waits, capPerMinute) => {
        const state = budget({ kind: 'token-bucket', capacity: 10_000, capPerMinute });
        const times: number[] = [];
        let now = 0;
        for (const wait of waits) {
          now += wait;
          while (state.charge(now) !== null) times.push(now);
        }
        for (const from of times) {
          const within = times.filter((at) => at >= from && at < from + 60_000);
          expect(within.length).toBeLessThanOrEqual(capPerMinute);
        }
      }),
    );
  });

  test('comes back by its floor alone, however much was taken', () => {
    const floored = options.filter(({ floorPerSecond }) => floorPerSecond > 0);
    fc.assert(
      fc.property(floored, fc.array(move, { minLength: 1, maxLength: 60 }), (given, moves) => {
        const state = new BudgetState(given);
        const { now } = exhaust(state, moves);
        expect(state.allows(now)).toBe(false);
        expect(state.allows(now + Math.max(65_000, 1000 / given.floorPerSecond))).toBe(true);
      }),
    );
  });

  test('comes back by what is earned alone, however much was taken', () => {
    const earning = options
      .filter(({ ratio }) => ratio > 0)
      .map((given) => ({ ...given, floorPerSecond: 0 }));
    fc.assert(
      fc.property(earning, fc.array(move, { maxLength: 60 }), (given, moves) => {
        const state = new BudgetState(given);
        const now = exhaust(state, moves).now + 65_000;
        for (let i = 0; i < Math.ceil(1 / given.ratio); i++) state.earn(now);
        expect(state.allows(now)).toBe(true);
      }),
    );
  });
});

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
        const share = state.utilisation(0);
        state.charge(0);
        return share.toFixed(1);
      });
      expect(seen.join(' ')).toBe('0.0 0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1.0');
    }
  });

  test('counts the floor as one more, and is 1 exactly while nothing is allowed', () => {
    const state = budget({ ratio: 1, floorPerSecond: 0.1 });
    state.earn(0);
    const seen = [state.utilisation(0)];
    for (const now of [0, 0]) {
      state.charge(now);
      seen.push(state.utilisation(now));
    }
    expect(seen).toEqual([0, 0.5, 1]);
    expect(state.utilisation(9000)).toBe(1);
    expect(state.utilisation(10_000)).toBe(0);
  });

  test('is that of the cap where that is nearer', () => {
    const state = budget({ kind: 'token-bucket', capacity: 100, capPerMinute: 4 });
    expect(state.utilisation(0)).toBe(0);
    state.charge(0);
    expect(state.utilisation(0)).toBe(0.25);
    for (let i = 0; i < 3; i++) state.charge(0);
    expect(state.utilisation(59_999)).toBe(1);
    expect(state.utilisation(65_000)).toBeCloseTo(0.04, 9);
  });
});
