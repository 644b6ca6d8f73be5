import { describe, expect, test } from 'vitest';
import { type Attempt, bulkhead, pending, pipeline, type TypedPolicy } from '../../index.ts';
import { readyToProbe } from '../../../test/circuits.ts';

describe('half-open', () => {
  test('an open breaker whose cooldown is over stays open until a call comes', () => {
    const { breaker, begin } = readyToProbe();
    expect(breaker.state).toBe('open');
    begin();
    expect(breaker.state).toBe('half-open');
  });

  test('lets as many probes run at once as it was told, and refuses the rest', () => {
    const { begin } = readyToProbe({ probes: 3 });
    const runs = Array.from({ length: 10 }, () => begin());
    expect(runs.filter(({ settled }) => settled === null)).toHaveLength(3);
    expect(runs.slice(3).every(({ settled }) => settled?.stoppedBy === 'breaker')).toBe(true);
  });

  test('closes after so many successes', () => {
    const { answer, breaker } = readyToProbe({ successesToClose: 3 });
    answer('success');
    answer('terminal');
    expect(breaker.state).toBe('half-open');
    answer('success');
    expect(breaker.state).toBe('closed');
  });

  test('one failed probe opens it again', () => {
    const { answer, breaker } = readyToProbe({ successesToClose: 3 });
    answer('success');
    answer('success');
    answer('transient');
    expect(breaker.state).toBe('open');
  });

  test('a probe that succeeds slowly opens it again, and is told as slow', () => {
    const { begin, clock, breaker, runtime } = readyToProbe({ slowCallDuration: 100 });
    const probe = begin();
    clock.advance(101);
    probe.end('success');
    expect(breaker.state).toBe('open');
    expect(runtime.sink.of('circuit-breaker.state-changed').at(-1)).toMatchObject({
      calls: 1,
      failures: 0,
      slow: 1,
    });
  });

  test('with the slow-call rate off, a slow probe is a good one', () => {
    const { begin, clock, breaker } = readyToProbe({
      slowCallDuration: 100,
      slowCallRate: 0,
      successesToClose: 1,
    });
    const probe = begin();
    clock.advance(3000);
    probe.end('success');
    expect(breaker.state).toBe('closed');
  });

  test('a probe that hangs loses its place when its lease runs out: the breaker is not wedged', () => {
    const { begin, answer, clock, breaker } = readyToProbe({
      probeLease: '6s',
      successesToClose: 1,
    });
    begin();
    clock.advance(5999);
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    clock.advance(1);
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });

  test('what a probe answers after its place was given away moves nothing', () => {
    const { begin, clock, breaker } = readyToProbe({ probeLease: '6s' });
    const hung = begin();
    clock.advance(6000);
    begin();
    hung.end('transient');
    expect(breaker.state).toBe('half-open');
    expect(breaker.snapshot!()).toMatchObject({ calls: 0 });
  });

  test('a probe that ends as ignored gives its place back', () => {
    const { answers, answer, breaker } = readyToProbe({ successesToClose: 1 });
    answers(2000, 'ignored');
    expect(breaker.state).toBe('half-open');
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });

  test('a probe whose caller aborts gives its place back', () => {
    const { begin, answer } = readyToProbe();
    const controller = new AbortController();
    begin({ signal: controller.signal });
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    controller.abort();
    expect(answer('success')).toBe('success');
  });

  test('a probe that is refused further in gives its place back', () => {
    const inside: TypedPolicy[] = [];
    const { breaker, answer } = readyToProbe({ successesToClose: 1 }, (runtime) => {
      inside.push(bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime));
      return { inside };
    });
    let holder!: Attempt;
    pipeline(...inside).start(
      (attempt) => {
        holder = attempt;
        return pending;
      },
      () => {},
    );
    expect(answer('success')).toBe('BULKHEAD_FULL');
    expect(breaker.state).toBe('half-open');
    holder.succeed('done');
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });
});
