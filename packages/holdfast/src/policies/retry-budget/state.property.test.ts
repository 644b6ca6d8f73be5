import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../core/options.ts';
import { type ParsedRetryBudget, retryBudgetOptions } from './options.ts';
import { BudgetState, type Charge } from './state.ts';

const WHOLE = 1_000_000;

/** What the budget and its model have in common. */
type Budget = Pick<BudgetState, 'earn' | 'allows' | 'charge' | 'refund' | 'utilisationAt'>;

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

  utilisationAt(now: number): number {
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
    return this.#capped.filter(({ at }) => isWithin(at, now, 67_000, 10)).length / capPerMinute;
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

/** Plays the moves, and tells all that it answered, and how far it was used up after each. */
function history(state: Budget, moves: readonly Move[]) {
  const answers: unknown[] = [];
  const utilisations: number[] = [];
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
    answers.push(state.allows(now));
    utilisations.push(state.utilisationAt(now));
  }
  return { answers, utilisations };
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
        const real = history(new BudgetState(given), moves);
        const model = history(new Model(given), moves);
        expect(real.answers).toEqual(model.answers);
        const gaps = real.utilisations.map((share, i) => Math.abs(share - model.utilisations[i]!));
        expect(Math.max(0, ...gaps)).toBeLessThan(1e-6);
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
        const parsed = parseOptions(
          retryBudgetOptions,
          { kind: 'token-bucket', capacity: 10_000, capPerMinute },
          'retryBudget',
        );
        const state = new BudgetState(parsed);
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
        expect(state.allows(now + Math.max(67_000, 1000 / given.floorPerSecond))).toBe(true);
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
        const now = exhaust(state, moves).now + 67_000;
        for (let i = 0; i < Math.ceil(1 / given.ratio); i++) state.earn(now);
        expect(state.allows(now)).toBe(true);
      }),
    );
  });
});
