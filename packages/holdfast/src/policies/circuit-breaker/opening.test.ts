import { describe, expect, test } from 'vitest';
import { makeCircuit } from '../../../test/circuits.ts';

describe('when it opens', () => {
  test('opens at half of at least 20 calls failed, and then refuses', () => {
    const { answers, answer, breaker } = makeCircuit();
    answers(10, 'success');
    answers(9, 'transient');
    expect(breaker.state).toBe('closed');
    answer('transient');
    expect(breaker.state).toBe('open');
    expect(answer('success')).toBe('CIRCUIT_OPEN');
  });

  test('does not open on 19 failures: too few to judge by', () => {
    const { answers, breaker } = makeCircuit();
    answers(19, 'transient');
    expect(breaker.state).toBe('closed');
  });

  test('stays closed while fewer than the share fail, however many', () => {
    const { answers, breaker } = makeCircuit();
    for (let i = 0; i < 500; i++) {
      answers(6, 'success');
      answers(5, 'transient');
    }
    expect(breaker.state).toBe('closed');
  });

  test('opens at exactly the share that was asked for, whatever binary fractions make of it', () => {
    const { answers, answer, breaker } = makeCircuit({ failureRate: 0.07, minimumCalls: 100 });
    answers(93, 'success');
    answers(6, 'transient');
    expect(breaker.state).toBe('closed');
    answer('transient');
    expect(breaker.state).toBe('open');
  });

  test('forgets failures that have left the window', () => {
    const { answers, clock, breaker } = makeCircuit({ window: '10s' });
    answers(19, 'transient');
    clock.advance(10_000);
    answers(1, 'transient');
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });

  test('after an hour without calls, the first failure does not open it', () => {
    const { answers, clock, breaker } = makeCircuit({ window: '5s', minimumCalls: 5 });
    answers(4, 'transient');
    clock.advance(3_600_000);
    answers(4, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, it looks at the last calls whatever their age', () => {
    const { answers, clock, breaker } = makeCircuit({
      kind: 'count',
      windowCalls: 4,
      minimumCalls: 4,
    });
    answers(2, 'success');
    answers(1, 'transient');
    clock.advance(3_600_000);
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, the newest call takes the place of the oldest', () => {
    const { answers, breaker } = makeCircuit({ kind: 'count', windowCalls: 4, minimumCalls: 4 });
    answers(1, 'transient');
    answers(4, 'success');
    answers(1, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, more calls than the window holds cannot be the minimum', () => {
    const { answers, breaker } = makeCircuit({ kind: 'count', windowCalls: 5, minimumCalls: 20 });
    answers(4, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('consecutive: a success between failures begins the count anew', () => {
    const { answers, breaker } = makeCircuit({ kind: 'consecutive', consecutiveFailures: 3 });
    answers(2, 'transient');
    answers(1, 'success');
    answers(2, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test.each(['time', 'count'] as const)('kind %s opens when half of the calls are slow', (kind) => {
    const { begin, clock, breaker } = makeCircuit({
      kind,
      minimumCalls: 4,
      slowCallDuration: '200ms',
    });
    for (const duration of [200, 200, 201, 201]) {
      expect(breaker.state).toBe('closed');
      const running = begin();
      clock.advance(duration);
      running.end('success');
    }
    expect(breaker.state).toBe('open');
  });

  test('a slow-call rate of 0 lets calls take as long as they like', () => {
    const { begin, clock, breaker } = makeCircuit({ minimumCalls: 1, slowCallRate: 0 });
    const running = begin();
    clock.advance(60_000);
    running.end('success');
    expect(breaker.state).toBe('closed');
  });
});
