import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseOptions } from '../../core/options.ts';
import type { Random } from '../../runtime/random.ts';
import {
  type CircuitBreakerOptions,
  circuitBreakerOptions,
  type ParsedCircuitBreaker,
} from './options.ts';
import { BreakerState, type CircuitState, type Effect, REFUSED } from './state.ts';

type Command =
  | { readonly do: 'admit' | 'isolate' | 'reset' }
  | { readonly do: 'advance'; readonly ms: number }
  | {
      readonly do: 'release';
      /** Which of the permits that were not released yet. */
      readonly which: number;
      readonly effect: Effect;
      readonly slow: boolean;
      readonly retryAfter: number;
    };

interface Past {
  readonly at: number;
  readonly failed: boolean;
  readonly slow: boolean;
}

interface Permit {
  readonly era: number;
  /** When a probe's lease ends; null for a call let through while closed. */
  readonly until: number | null;
  /** Its place was given to another probe. */
  lost: boolean;
}

/** The slow, obviously correct breaker: it keeps every outcome and looks at all of them each time. */
class Model {
  kind: CircuitState = 'closed';
  era = 0;
  past: Past[] = [];
  probes: Permit[] = [];
  goodProbes = 0;
  openUntil = 0;
  /** When it closed after an outage; null once that is over. */
  closedAt: number | null = null;
  openings = 0;
  readonly options: ParsedCircuitBreaker;
  readonly draw: () => number;

  constructor(options: ParsedCircuitBreaker, draw: () => number) {
    this.options = options;
    this.draw = draw;
  }

  admit(now: number): Permit | null {
    const { probes, probeLease, rampDuration } = this.options;
    if (this.kind === 'closed') {
      const age = this.closedAt === null ? Infinity : now - this.closedAt;
      const share = age >= rampDuration ? 1 : 0.1 + 0.9 * (age / rampDuration);
      return share === 1 || this.draw() < share
        ? { era: this.era, until: null, lost: false }
        : null;
    }
    if (this.kind === 'open' && now >= this.openUntil) this.become('half-open');
    if (this.kind !== 'half-open') return null;
    for (const probe of this.probes) probe.lost ||= probe.until! <= now;
    this.probes = this.probes.filter(({ lost }) => !lost);
    if (this.probes.length >= probes) return null;
    const probe = { era: this.era, until: now + probeLease, lost: false };
    this.probes.push(probe);
    return probe;
  }

  release(permit: Permit, { effect, slow, retryAfter }: Release, now: number): void {
    if (permit.era !== this.era || permit.lost) return;
    this.probes = this.probes.filter((probe) => probe !== permit);
    if (effect === 'ignored') return;
    const failed = effect === 'failure';
    if (this.kind === 'half-open') {
      if (failed || (slow && this.options.slowCallRate > 0)) this.open(now, retryAfter);
      else if (++this.goodProbes === this.options.successesToClose) {
        this.become('closed');
        if (this.options.rampDuration === 0) this.openings = 0;
        else this.closedAt = now;
      }
      return;
    }
    if (this.closedAt !== null && now - this.closedAt >= this.options.rampDuration) {
      this.closedAt = null;
      this.openings = 0;
    }
    this.past.push({ at: now, failed, slow });
    if ((failed || slow) && this.tooMany(now)) this.open(now, retryAfter);
  }

  tooMany(now: number): boolean {
    const { kind, consecutiveFailures, failureRate, slowCallRate, windowCalls } = this.options;
    const seen = this.seen(now);
    if (kind === 'consecutive') {
      const last = seen.slice(-consecutiveFailures);
      return last.length === consecutiveFailures && last.every(({ failed }) => failed);
    }
    let minimum = this.options.minimumCalls;
    if (this.closedAt !== null) minimum = Math.min(minimum, this.options.rampMinimumCalls);
    if (kind === 'count') minimum = Math.min(minimum, windowCalls);
    const failures = seen.filter(({ failed }) => failed).length;
    const slow = seen.filter((call) => call.slow).length;
    if (seen.length < minimum) return false;
    return (
      failures / seen.length >= failureRate ||
      (slowCallRate > 0 && slow / seen.length >= slowCallRate)
    );
  }

  /** What is still looked at: a window of time is left tenth by tenth. */
  seen(now: number): Past[] {
    const { kind, window, windowCalls } = this.options;
    if (kind === 'count') return this.past.slice(-windowCalls);
    if (kind === 'consecutive') return this.past;
    const tenth = (time: number) => Math.floor(time / (window / 10));
    return this.past.filter(({ at }) => tenth(at) > tenth(now) - 10);
  }

  open(now: number, retryAfter: number): void {
    const { cooldown, maxCooldown, cooldownJitter } = this.options;
    const longest = Math.max(cooldown, maxCooldown);
    const spread =
      Math.min(cooldown * 2 ** this.openings, longest) *
      (1 - cooldownJitter + 2 * cooldownJitter * this.draw());
    const floor = Math.min(retryAfter, longest);
    const raised = floor * (1 + cooldownJitter * this.draw());
    this.openings++;
    this.become('open');
    this.openUntil = now + (spread >= floor ? spread : raised);
  }

  become(kind: CircuitState): void {
    this.kind = kind;
    this.era++;
    this.past = [];
    this.probes = [];
    this.goodProbes = 0;
    this.closedAt = null;
  }
}

type Release = Extract<Command, { do: 'release' }>;

/** The breaker and its model side by side, with the same draws. */
class SideBySide {
  now = 0;
  draw = 0.5;
  readonly real: BreakerState;
  readonly model: Model;
  readonly options: ParsedCircuitBreaker;
  readonly permits: { real: number; model: Permit }[] = [];

  constructor(options: ParsedCircuitBreaker) {
    const random: Random = { next: () => this.draw, fork: () => random };
    this.options = options;
    this.real = new BreakerState(options, random);
    this.model = new Model(options, () => this.draw);
  }

  /** Does it to both; says how they differ, or null. */
  run(command: Command): string | null {
    const { real, model } = this;
    const answers = this.do(command);
    const seen = JSON.stringify([real.kind, answers.real, this.lookAtReal()]);
    const expected = JSON.stringify([model.kind, answers.model, this.lookAtModel()]);
    return seen === expected ? null : `${JSON.stringify(command)}: ${seen}, not ${expected}`;
  }

  do(command: Command): { real: unknown; model: unknown } {
    const { real, model, now } = this;
    switch (command.do) {
      case 'advance':
        this.now += command.ms;
        return { real: null, model: null };
      case 'admit': {
        const might = real.mightAdmit(now);
        // Most calls take the short way, as the policy does.
        const short = real.settledPermit;
        const permit = short === REFUSED ? real.admit(now) : short;
        const expected = model.admit(now);
        if (expected !== null) this.permits.push({ real: permit, model: expected });
        // In the ramp, whoever was unlucky might have been lucky.
        return {
          real: [permit !== REFUSED, might, short !== REFUSED],
          model: [
            expected !== null,
            expected !== null || model.kind === 'closed',
            model.kind === 'closed' && model.closedAt === null,
          ],
        };
      }
      case 'release': {
        const [permit] = this.permits.splice(command.which % (this.permits.length || 1), 1);
        if (permit === undefined) return { real: null, model: null };
        const { effect, slow, retryAfter } = command;
        const era = model.era;
        model.release(permit.model, command, now);
        if (effect === 'success' && !slow && permit.real === real.settledPermit) {
          real.succeeded(now);
          return { real: null, model: null };
        }
        return {
          real: real.release(permit.real, effect, slow, now, retryAfter),
          model: model.era !== era,
        };
      }
      case 'isolate':
        real.isolate(now);
        model.become('isolated');
        return { real: null, model: null };
      case 'reset':
        real.reset(now);
        model.become('closed');
        model.openings = 0;
        return { real: null, model: null };
    }
  }

  lookAtReal(): unknown {
    const { real, now, options } = this;
    const { calls, failures, slow } = real.totals(now);
    if (real.kind === 'open') return [real.retryAfter(now), calls, failures, slow];
    // Kind consecutive remembers no more than the failures in a row.
    if (real.kind === 'closed' && options.kind === 'consecutive') return failures;
    return [calls, failures, slow];
  }

  lookAtModel(): unknown {
    const { model, now, options } = this;
    if (model.kind === 'open') return [Math.max(0, model.openUntil - now), 0, 0, 0];
    const seen = model.seen(now);
    if (model.kind === 'closed' && options.kind === 'consecutive') {
      return seen.length - 1 - seen.findLastIndex(({ failed }) => !failed);
    }
    const failures = seen.filter(({ failed }) => failed).length;
    const slow = seen.filter((call) => call.slow).length;
    return [seen.length + model.goodProbes, failures, slow];
  }
}

const parsed = (options: CircuitBreakerOptions): ParsedCircuitBreaker =>
  parseOptions(circuitBreakerOptions, options, 'circuitBreaker');

const end = (effect: Effect): Command => ({
  do: 'release',
  which: 0,
  effect,
  slow: false,
  retryAfter: 0,
});

const settings = fc.record({
  windowCalls: fc.integer({ min: 1, max: 6 }),
  consecutiveFailures: fc.integer({ min: 1, max: 4 }),
  failureRate: fc.constantFrom(0.01, 0.3, 0.5, 1),
  slowCallRate: fc.constantFrom(0, 0.5, 1),
  minimumCalls: fc.integer({ min: 1, max: 6 }),
  maxCooldown: fc.constantFrom(100, 400, 1000),
  cooldownJitter: fc.constantFrom(0, 0.2, 1),
  probes: fc.integer({ min: 1, max: 3 }),
  successesToClose: fc.integer({ min: 1, max: 3 }),
  rampDuration: fc.constantFrom(0, 300),
  rampMinimumCalls: fc.integer({ min: 1, max: 3 }),
});

const release = fc.record({
  do: fc.constant('release' as const),
  which: fc.nat(7),
  effect: fc.constantFrom<Effect>('success', 'failure', 'failure', 'ignored'),
  slow: fc.boolean(),
  retryAfter: fc.constantFrom(0, 0, 0, 250, 5000),
});

const commands = fc.array(
  fc.tuple(
    fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    fc.oneof(
      { weight: 5, arbitrary: fc.constant<Command>({ do: 'admit' }) },
      { weight: 5, arbitrary: release as fc.Arbitrary<Command> },
      {
        weight: 3,
        arbitrary: fc
          .constantFrom(0, 1, 40, 100, 150, 999, 1000, 86_400_000)
          .map((ms): Command => ({ do: 'advance', ms })),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Command>({ do: 'isolate' }, { do: 'reset' }, { do: 'reset' }),
      },
    ),
  ),
  { minLength: 20, maxLength: 150 },
);

describe('a breaker decides as a model does that keeps every outcome', () => {
  test.each(['time', 'count', 'consecutive'] as const)('kind %s', (kind) => {
    fc.assert(
      fc.property(settings, commands, (chosen, script) => {
        const pair = new SideBySide(
          parsed({ ...chosen, kind, window: 1000, cooldown: 100, probeLease: 150 }),
        );
        for (const [draw, command] of script) {
          pair.draw = draw;
          expect(pair.run(command)).toBeNull();
        }
      }),
      { numRuns: 400, seed: 20_240_601 },
    );
  });

  test('in every sequence of seven steps, with one failure to open and one probe', () => {
    const options = parsed({
      kind: 'consecutive',
      consecutiveFailures: 1,
      cooldown: 100,
      maxCooldown: 100,
      cooldownJitter: 0,
      probeLease: 100,
      successesToClose: 1,
      rampDuration: 0,
    });
    const alphabet: readonly Command[] = [
      { do: 'admit' },
      end('success'),
      end('failure'),
      end('ignored'),
      { do: 'advance', ms: 100 },
    ];
    const differences: string[] = [];
    const reached = new Set<string>();
    for (let sequence = 0; sequence < alphabet.length ** 7; sequence++) {
      const pair = new SideBySide(options);
      let rest = sequence;
      for (let step = 0; step < 7; step++) {
        const difference = pair.run(alphabet[rest % alphabet.length]!);
        if (difference !== null) differences.push(difference);
        rest = Math.floor(rest / alphabet.length);
      }
      reached.add(`${pair.model.kind} ${pair.model.openings}`);
    }
    expect(differences).toEqual([]);
    expect([...reached].toSorted()).toEqual([
      'closed 0',
      'half-open 1',
      'half-open 2',
      'open 1',
      'open 2',
    ]);
  });

  test('after more changes of state than its permits can tell apart, it still decides', () => {
    const pair = new SideBySide(parsed({ kind: 'consecutive', consecutiveFailures: 1 }));
    for (let i = 0; i < 2 ** 20 + 5; i++) pair.real.reset(0);
    const permit = pair.real.admit(0);
    expect(Number.isInteger(permit) && permit >= 0 && permit < 2 ** 30).toBe(true);
    expect(pair.real.release(permit, 'failure', false, 0, 0)).toBe(true);
  });
});
