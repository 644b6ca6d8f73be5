import { describe, expect, test } from 'vitest';
import { bulkhead, deadline, type Judgement, timeout, type Verdict } from '../../index.ts';
import { makeCircuit, PLAIN } from '../../../test/circuits.ts';

const counted = (judged: Verdict | Judgement) => {
  const { answer, breaker } = makeCircuit();
  answer(judged);
  const { calls, failures } = breaker.snapshot!() as { calls: number; failures: number };
  return { calls, failures };
};

describe('what counts', () => {
  test.each<[Verdict]>([['transient'], ['timeout'], ['overload']])('%s is a failure', (verdict) => {
    expect(counted(verdict)).toEqual({ calls: 1, failures: 1 });
  });

  test.each<[Verdict]>([['success'], ['terminal']])('%s is a success: it answered', (verdict) => {
    expect(counted(verdict)).toEqual({ calls: 1, failures: 0 });
  });

  test('an overload that was our own quota is not counted: the dependency is well', () => {
    expect(counted({ verdict: 'overload', quota: true })).toEqual({ calls: 0, failures: 0 });
  });

  test('what the classifier ignores is not counted', () => {
    expect(counted('ignored')).toEqual({ calls: 0, failures: 0 });
  });

  test("Holdfast's own refusals further in are not counted", () => {
    const { answers, breaker, begin } = makeCircuit({ minimumCalls: 1 }, (runtime) => ({
      inside: [bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime)],
    }));
    begin();
    expect(answers(50, 'success')).toEqual(Array(50).fill('BULKHEAD_FULL'));
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot!()).toMatchObject({ calls: 0, failures: 0 });
  });

  test('refused calls are not counted, and do not dilute the rates', () => {
    const { answers, breaker, clock, answer } = makeCircuit({ ...PLAIN, cooldown: '1s' });
    answers(20, 'transient');
    answers(100, 'success');
    clock.advance(1000);
    answer('success');
    expect(breaker.snapshot!()).toMatchObject({ state: 'closed', calls: 0 });
  });

  test('an attempt cut by the deadline counts as a failure once it was slow', () => {
    const { begin, clock, breaker } = makeCircuit({ slowCallDuration: '2s' }, (runtime) => ({
      outside: [deadline('2001ms', runtime)],
    }));
    begin();
    clock.advance(2001);
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });

  test.each([
    [900, { calls: 2, slow: 2, failures: 1 }],
    [1000, { calls: 1, slow: 0, failures: 0 }],
  ])('%d ms for which the process itself stood still are not slowness', (stoodStill, counts) => {
    const { begin, clock, breaker } = makeCircuit({ slowCallDuration: '2s' }, (runtime) => ({
      outside: [deadline('3s', runtime)],
    }));
    Object.assign(clock, { stoodStill: () => stoodStill });
    const [answered] = [begin(), begin()];
    clock.advance(2950);
    answered.end('success');
    clock.advance(50);
    expect(breaker.snapshot!()).toMatchObject(counts);
  });

  test('an attempt cut by the deadline before it was slow is not counted', () => {
    const { begin, clock, breaker } = makeCircuit({ slowCallDuration: '2s' }, (runtime) => ({
      outside: [deadline('2s', runtime)],
    }));
    begin();
    clock.advance(2000);
    expect(breaker.snapshot!()).toMatchObject({ calls: 0, failures: 0 });
  });

  test.each([
    [2500, 0],
    [2501, 1],
  ])('an attempt aborted by its caller after %i ms counts %i failures', (after, failures) => {
    const { begin, clock, breaker } = makeCircuit();
    const controller = new AbortController();
    begin({ signal: controller.signal });
    clock.advance(after);
    controller.abort();
    expect(breaker.snapshot!()).toMatchObject({ calls: failures, failures });
  });

  test('an attempt that timed out is a failure, and its late answer is not counted again', () => {
    const { begin, clock, breaker } = makeCircuit({}, (runtime) => ({
      inside: [timeout(100, runtime)],
    }));
    const running = begin();
    clock.advance(100);
    running.end('success');
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });
});
