import { describe, expect, test } from 'vitest';
import { makeCircuit, PLAIN, trip } from '../../../test/circuits.ts';

describe('late results', () => {
  test('a failure from the closed era does not reopen it during the probes', () => {
    const circuit = makeCircuit({ ...PLAIN, successesToClose: 2, cooldown: '1s' });
    const old = circuit.begin();
    trip(circuit);
    circuit.clock.advance(1000);
    const probe = circuit.begin();
    old.end('transient');
    expect(circuit.breaker.state).toBe('half-open');
    probe.end('success');
    circuit.answer('success');
    expect(circuit.breaker.state).toBe('closed');
  });

  test('a success from the closed era is not a probe that succeeded', () => {
    const circuit = makeCircuit({ ...PLAIN, slowCallRate: 0, cooldown: '1s' });
    const old = circuit.begin();
    trip(circuit);
    circuit.clock.advance(1000);
    circuit.begin();
    old.end('success');
    expect(circuit.breaker.state).toBe('half-open');
  });

  test('a probe that ends after another has reopened it moves nothing', () => {
    const circuit = makeCircuit({ ...PLAIN, slowCallRate: 0, cooldown: '1s', probes: 2 });
    trip(circuit);
    circuit.clock.advance(1000);
    const [first, second] = [circuit.begin(), circuit.begin()];
    first.end('transient');
    second.end('success');
    expect(circuit.breaker.state).toBe('open');
    circuit.clock.advance(2000);
    const third = circuit.begin();
    expect(circuit.breaker.state).toBe('half-open');
    expect(third.settled).toBeNull();
  });

  test('a failure from before a reset does not count after it', () => {
    const { begin, breaker } = makeCircuit({ kind: 'consecutive', consecutiveFailures: 1 });
    const old = begin();
    breaker.reset();
    old.end('transient');
    expect(breaker.state).toBe('closed');
  });

  test('a failure from before an isolation does not count after the reset', () => {
    const { begin, breaker } = makeCircuit({ kind: 'consecutive', consecutiveFailures: 1 });
    const old = begin();
    breaker.isolate();
    old.end('transient');
    expect(breaker.state).toBe('isolated');
    breaker.reset();
    expect(breaker.state).toBe('closed');
  });
});
