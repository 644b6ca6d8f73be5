import { describe, expect, test } from 'vitest';
import {
  circuitBreaker,
  type CircuitBreakerOptions,
  type Judgement,
  pipeline,
  type Verdict,
} from '../../index.ts';
import { testRuntime } from '../../testing/index.ts';
import { asToldTo, makeCircuit, PLAIN, trip } from '../../../test/circuits.ts';

/** The cooldown of each opening so far. */
const cooldowns = ({ changes }: Pick<ReturnType<typeof makeCircuit>, 'changes'>) =>
  changes()
    .filter(({ to }) => to === 'open')
    .map(({ retryAfter }) => retryAfter);

type Cooldowns = Pick<CircuitBreakerOptions, 'cooldown' | 'maxCooldown'>;

/** The cooldown of a breaker that one failure opens. */
function firstCooldown(seed: number, options: Cooldowns, failure: Verdict | Judgement) {
  const runtime = testRuntime(seed);
  const once = { ...options, kind: 'consecutive', consecutiveFailures: 1 } as const;
  const breaker = circuitBreaker(once, runtime);
  pipeline(asToldTo, breaker).start(
    () => failure,
    () => {},
  );
  return breaker.snapshot!()['retryAfter'] as number;
}

describe('how long it stays open', () => {
  test('30 s, spread by 20 % both ways', () => {
    const waits = Array.from({ length: 300 }, (_, seed) => firstCooldown(seed, {}, 'transient'));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(24_000);
    expect(Math.min(...waits)).toBeLessThan(25_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(36_000);
    expect(Math.max(...waits)).toBeGreaterThan(35_000);
  });

  test('doubles with each failed probe, up to the longest', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: 100, maxCooldown: 500 });
    trip(circuit);
    while (cooldowns(circuit).length < 5) {
      circuit.clock.advance(10);
      circuit.answer('transient');
    }
    expect(cooldowns(circuit)).toEqual([100, 200, 400, 500, 500]);
  });

  test('lasts at least as long as the Retry-After of the failure that opened it', () => {
    const { answers, answer, changes, clock, breaker } = makeCircuit({ ...PLAIN, cooldown: '1s' });
    answers(19, 'transient');
    answer({ verdict: 'overload', retryAfter: 7000 });
    expect(changes().at(-1)).toMatchObject({ to: 'open', retryAfter: 7000 });
    clock.advance(6999);
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    clock.advance(1);
    answer('success');
    expect(breaker.state).toBe('closed');
  });

  test('spreads a Retry-After upwards only, and heeds no more of it than the longest cooldown', () => {
    const hint = { verdict: 'overload', retryAfter: 3_600_000 } as const;
    for (let seed = 0; seed < 100; seed++) {
      const wait = firstCooldown(seed, { cooldown: '1s', maxCooldown: '10s' }, hint);
      expect(wait).toBeGreaterThanOrEqual(10_000);
      expect(wait).toBeLessThanOrEqual(12_000);
    }
  });

  test.each([NaN, -5, 0])('takes no notice of a Retry-After of %d', (retryAfter) => {
    const { answers, answer, changes } = makeCircuit({ ...PLAIN, cooldown: '1s' });
    answers(19, 'transient');
    answer({ verdict: 'overload', retryAfter });
    expect(changes().at(-1)).toMatchObject({ retryAfter: 1000 });
  });

  test('without a ramp, the doubling ends as soon as it closes', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: 100 });
    trip(circuit);
    circuit.clock.advance(100);
    circuit.answer('transient');
    circuit.clock.advance(200);
    circuit.answer('success');
    trip(circuit);
    expect(circuit.changes().at(-1)).toMatchObject({ to: 'open', retryAfter: 100 });
  });

  test('the doubling outlives closing, and ends when the ramp is over', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: 100, rampDuration: '1s' });
    const { answers, answer, clock } = circuit;
    trip(circuit);
    clock.advance(100);
    answer('success');
    clock.advance(999);
    while (cooldowns(circuit).length < 2) answer('transient');
    clock.advance(200);
    answer('success');
    clock.advance(1000);
    answers(20, 'transient');
    expect(cooldowns(circuit)).toEqual([100, 200, 100]);
  });
});
