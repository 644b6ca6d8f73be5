import { describe, expect, test } from 'vitest';
import { circuitBreaker, keyed, pipeline } from '../../index.ts';
import { testRuntime } from '../../testing/index.ts';
import { asToldTo, makeCircuit, PLAIN, trip } from '../../../test/circuits.ts';

describe('by hand', () => {
  test('isolate refuses everything, for however long, until reset', () => {
    const { breaker, clock, answer } = makeCircuit();
    breaker.isolate();
    breaker.isolate();
    clock.advance(86_400_000);
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    expect(breaker.state).toBe('isolated');
    breaker.reset();
    expect(answer('success')).toBe('success');
  });

  test('reset closes at once and without a ramp, forgetting counts and the doubling', () => {
    const circuit = makeCircuit({ ...PLAIN, rampDuration: '10s', cooldown: '1s' });
    trip(circuit);
    circuit.clock.advance(1000);
    circuit.answer('transient');
    circuit.breaker.reset();
    expect(circuit.answers(19, 'transient')).toEqual(Array(19).fill('transient'));
    circuit.answer('transient');
    expect(circuit.changes().at(-1)).toMatchObject({ to: 'open', retryAfter: 1000 });
  });

  test('reset of a closed breaker forgets its counts and tells of no change', () => {
    const { answers, breaker, changes } = makeCircuit();
    answers(10, 'transient');
    breaker.reset();
    expect(breaker.snapshot!()).toMatchObject({ calls: 0 });
    expect(changes()).toEqual([]);
  });
});

describe('a refusal as a result', () => {
  test('has an error that is built once, when it is read, and tells how it was then', async () => {
    const runtime = testRuntime();
    const breaker = circuitBreaker(
      { cooldown: '10s', cooldownJitter: 0, minimumCalls: 1 },
      runtime,
    );
    const guarded = pipeline(breaker);
    await guarded.tryCall(() => Promise.reject(new Error('down')));
    runtime.clock.advance(4000);
    const result = await guarded.tryCall(() => 'never called');
    breaker.reset();
    runtime.clock.advance(60_000);
    expect(result).toMatchObject({ ok: false, verdict: 'ignored', stoppedBy: 'breaker' });
    expect(result.error).toMatchObject({ code: 'CIRCUIT_OPEN', retryAfter: 6000 });
    expect(result.error).toBe(result.error);
    expect(String(result.error)).toContain('the circuit is open');
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({
      ok: false,
      error: { code: 'CIRCUIT_OPEN' },
      attempts: [],
    });
  });
});

test('only a closed breaker may be forgotten by a registry', () => {
  const runtime = testRuntime();
  const breakers = keyed(
    () => circuitBreaker({ kind: 'consecutive', consecutiveFailures: 1 }, runtime),
    { maxEntries: 1 },
    runtime,
  );
  const bad = breakers.get('bad shard');
  pipeline(asToldTo, bad).start(
    () => 'transient',
    () => {},
  );
  breakers.get('other shard');
  expect(breakers.get('bad shard')).toBe(bad);
});

describe('options', () => {
  test('are told whole and by path when they are wrong', () => {
    const wrong = { failureRate: 0, window: '1ms', kindd: 'time' } as never;
    expect(() => circuitBreaker(wrong)).toThrow(
      /circuitBreaker\.kindd.*did you mean 'kind'[^]*circuitBreaker\.window[^]*circuitBreaker\.failureRate/,
    );
  });

  test('a maxCooldown below the cooldown is refused', () => {
    expect(() => circuitBreaker({ cooldown: '10s', maxCooldown: '5s' })).toThrow(
      new RangeError(
        'circuitBreaker.maxCooldown must be at least circuitBreaker.cooldown, got 5000',
      ),
    );
  });

  test('a cooldown above the default of maxCooldown is its own limit', () => {
    const { answers, changes } = makeCircuit({ ...PLAIN, cooldown: '10m' });
    answers(20, 'transient');
    expect(changes()[0]).toMatchObject({ retryAfter: 600_000 });
  });

  test('one options object makes independent breakers and is not changed', () => {
    const options = Object.freeze({ kind: 'consecutive', consecutiveFailures: 1 } as const);
    const runtime = testRuntime();
    const [one, other] = [circuitBreaker(options, runtime), circuitBreaker(options, runtime)];
    pipeline(asToldTo, one).start(
      () => 'transient',
      () => {},
    );
    expect([one.state, other.state]).toEqual(['open', 'closed']);
  });
});
