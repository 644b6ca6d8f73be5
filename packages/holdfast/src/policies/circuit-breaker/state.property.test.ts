import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OptionsOf, parseOptions } from '../../core/options.ts';
import type { Random } from '../../runtime/random.ts';
import { circuitBreakerOptions, type ParsedCircuitBreaker } from './options.ts';
import { BreakerState, type Effect, REFUSED } from './state.ts';
import { BreakerModel, type End, type Permit } from '../../../test/breaker-model.ts';

type Command =
  | { readonly do: 'admit' | 'isolate' | 'reset' }
  | { readonly do: 'advance'; readonly ms: number }
  /** `which` of the permits that were not released yet. */
  | ({ readonly do: 'release'; readonly which: number } & End);

/** The breaker and its model side by side, with the same draws. */
class SideBySide {
  now = 0;
  draw = 0.5;
  readonly real: BreakerState;
  readonly model: BreakerModel;
  readonly options: ParsedCircuitBreaker;
  readonly permits: { real: number; model: Permit }[] = [];

  constructor(options: ParsedCircuitBreaker) {
    const random: Random = { next: () => this.draw, fork: () => random };
    this.options = options;
    this.real = new BreakerState(options, random);
    this.model = new BreakerModel(options, () => this.draw);
  }

  /** Does it to both; says how they differ, or null. */
  run(command: Command): string | null {
    const { real, model } = this;
    const answers = this.do(command);
    const seen = JSON.stringify([real.state, answers.real, this.lookAtReal()]);
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
        const permit = short === REFUSED ? real.permitAt(now) : short;
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
        real.isolateAt(now);
        model.become('isolated');
        return { real: null, model: null };
      case 'reset':
        real.resetAt(now);
        model.become('closed');
        model.openings = 0;
        return { real: null, model: null };
    }
  }

  lookAtReal(): unknown {
    const { real, now, options } = this;
    const { calls, failures, slow } = real.totals(now);
    if (real.state === 'open') return [real.retryAfter(now), calls, failures, slow];
    // Kind consecutive remembers no more than the failures in a row.
    if (real.state === 'closed' && options.kind === 'consecutive') return failures;
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

/** Of every kind at once: the state looks at those of its own. */
const parsed = (options: OptionsOf<typeof circuitBreakerOptions>): ParsedCircuitBreaker =>
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
    for (let i = 0; i < 2 ** 20 + 5; i++) pair.real.resetAt(0);
    const permit = pair.real.permitAt(0);
    expect(Number.isInteger(permit) && permit >= 0 && permit < 2 ** 30).toBe(true);
    expect(pair.real.release(permit, 'failure', false, 0, 0)).toBe(true);
  });
});
