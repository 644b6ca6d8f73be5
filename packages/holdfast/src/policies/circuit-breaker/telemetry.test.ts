import { describe, expect, test } from 'vitest';
import { CircuitOpenError } from '../../index.ts';
import { makeCircuit, PLAIN, trip } from '../../../test/circuits.ts';

describe('what it tells', () => {
  test('a change of state tells what the state that ended had counted', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: '1s', successesToClose: 2 });
    const { answer, answers, clock, runtime, breaker } = circuit;
    answers(5, 'success');
    answers(15, 'transient');
    clock.advance(1000);
    answer('success');
    answer('transient');
    clock.advance(2000);
    answers(2, 'success');
    answer('transient');
    breaker.isolate();
    breaker.reset();
    const seen = runtime.sink
      .of('circuit-breaker.state-changed')
      .map(({ type: _type, dependency: _dependency, ...rest }) => rest);
    expect(seen).toEqual([
      { from: 'closed', to: 'open', calls: 20, failures: 15, slow: 0, retryAfter: 1000 },
      { from: 'open', to: 'half-open', calls: 0, failures: 0, slow: 0, retryAfter: undefined },
      { from: 'half-open', to: 'open', calls: 2, failures: 1, slow: 0, retryAfter: 2000 },
      { from: 'open', to: 'half-open', calls: 0, failures: 0, slow: 0, retryAfter: undefined },
      { from: 'half-open', to: 'closed', calls: 2, failures: 0, slow: 0, retryAfter: undefined },
      { from: 'closed', to: 'isolated', calls: 1, failures: 1, slow: 0, retryAfter: undefined },
      { from: 'isolated', to: 'closed', calls: 0, failures: 0, slow: 0, retryAfter: undefined },
    ]);
  });

  test('a refusal tells when to come back, and is an event with the state', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: '30s' });
    trip(circuit);
    circuit.clock.advance(10_000);
    const refused = circuit.begin();
    const error = refused.settled!.error as CircuitOpenError;
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ retryAfter: 20_000, stoppedBy: 'breaker', status: 503 });
    expect(circuit.runtime.sink.of('circuit-breaker.refused')).toEqual([
      { type: 'circuit-breaker.refused', dependency: '', state: 'open' },
    ]);
  });

  test('nobody knows when an isolated breaker will be reset', () => {
    const { breaker, begin } = makeCircuit();
    breaker.isolate();
    expect(begin().settled!.error).toMatchObject({ retryAfter: undefined });
  });

  test('its snapshot is plain JSON in every state, with the number that stands for it', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: '1s', successesToClose: 2 });
    const { breaker, clock } = circuit;
    const seen: unknown[] = [];
    const look = () => {
      const snapshot = breaker.snapshot!();
      expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
      seen.push([snapshot['state'], snapshot['stateNumber']]);
    };
    look();
    trip(circuit);
    look();
    clock.advance(1000);
    circuit.answer('success');
    look();
    breaker.isolate();
    look();
    expect(seen).toEqual([
      ['closed', 0],
      ['open', 1],
      ['half-open', 2],
      ['isolated', 3],
    ]);
  });

  test('open time is the time that it refused, open or isolated, and goes on counting', () => {
    const circuit = makeCircuit({ ...PLAIN, cooldown: '1s' });
    const { breaker, clock } = circuit;
    const openTime = () => breaker.snapshot!()['openTime'];
    clock.advance(500);
    expect(openTime()).toBe(0);
    trip(circuit);
    clock.advance(1000);
    expect(openTime()).toBe(1000);
    circuit.answer('success');
    clock.advance(5000);
    expect(openTime()).toBe(1000);
    trip(circuit);
    clock.advance(200);
    breaker.isolate();
    clock.advance(300);
    expect(openTime()).toBe(1500);
    breaker.reset();
    clock.advance(1000);
    expect(openTime()).toBe(1500);
  });
});
