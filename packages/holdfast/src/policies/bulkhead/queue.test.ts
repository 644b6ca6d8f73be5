import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  bulkhead,
  type CallOptions,
  circuitBreaker,
  type Criticality,
  deadline,
  pending,
  pipeline,
} from '../../index.ts';
import { testRuntime } from '../../testing/index.ts';
import { makeBulkhead } from '../../../test/bulkheads.ts';

const rank = (criticality: Criticality): CallOptions => ({ criticality });

describe('the queue', () => {
  test('serves the most important first, and those of one importance in order', () => {
    const { begin, started } = makeBulkhead({ maxConcurrent: 1 });
    const made = [
      begin('first'),
      begin('sheddable 1', rank('sheddable')),
      begin('critical 1'),
      begin('sheddable_plus 1', rank('sheddable_plus')),
      begin('critical_plus 1', rank('critical_plus')),
      begin('critical 2', rank('critical')),
      begin('sheddable 2', rank('sheddable')),
    ];
    while (made.some(({ end }) => end === null)) {
      made.find(({ attempt, end }) => attempt !== null && end === null)!.attempt!.succeed(1);
    }
    expect(started).toEqual([
      'first',
      'critical_plus 1',
      'critical 1',
      'critical 2',
      'sheddable_plus 1',
      'sheddable 1',
      'sheddable 2',
    ]);
  });

  test('a call without a place is refused, and told so', () => {
    const { begin, runtime } = makeBulkhead({ maxConcurrent: 1, maxQueue: 1 });
    begin('a');
    begin('b');
    expect(begin('c').end).toBe('BULKHEAD_FULL');
    expect(runtime.sink.of('bulkhead.refused')).toEqual([
      { type: 'bulkhead.refused', dependency: '', why: 'full', criticality: 'critical' },
    ]);
  });

  test('a queue of 0 refuses whatever cannot run at once, however important', () => {
    const { begin } = makeBulkhead({ maxConcurrent: 1, maxQueue: 0 });
    begin('a', rank('sheddable'));
    expect(begin('b', rank('critical_plus')).end).toBe('BULKHEAD_FULL');
  });

  test('when it is full, the last of the least important gives its place to a more important one', () => {
    const { begin, slots, runtime } = makeBulkhead({ maxConcurrent: 1, maxQueue: 3 });
    begin('running');
    const plus = begin('plus', rank('sheddable_plus'));
    const early = begin('early', rank('sheddable'));
    const late = begin('late', rank('sheddable'));
    const critical = begin('critical');
    expect([plus.end, early.end, late.end, critical.end]).toEqual([
      null,
      null,
      'BULKHEAD_FULL',
      null,
    ]);
    expect(slots.queued).toBe(3);
    expect(runtime.sink.of('bulkhead.refused')).toMatchObject([
      { why: 'displaced', criticality: 'sheddable' },
    ]);
  });

  test('nobody gives way to an equal', () => {
    const { begin } = makeBulkhead({ maxConcurrent: 1, maxQueue: 1 });
    begin('running');
    const waiting = begin('waiting', rank('sheddable'));
    expect(begin('equal', rank('sheddable')).end).toBe('BULKHEAD_FULL');
    expect(waiting.end).toBeNull();
  });

  test('a waiting call leaves at once when its caller aborts, with the reason untouched', () => {
    const { begin, slots, clock } = makeBulkhead({ maxConcurrent: 1 });
    const running = begin('running');
    const controller = new AbortController();
    const left = begin('left', { signal: controller.signal });
    const stays = begin('stays');
    const reason = new Error('gone');
    controller.abort(reason);
    expect(left.end).toBe(reason);
    expect(slots.queued).toBe(1);
    running.attempt!.succeed(1);
    expect(left.attempt).toBeNull();
    expect(stays.attempt).not.toBeNull();
    clock.advance(0);
    expect(clock.armed).toBe(0);
  });

  test('a waiting call leaves when its deadline passes, however long the others run', () => {
    const { begin, slots, clock } = makeBulkhead({ maxConcurrent: 1 }, (runtime) => ({
      outside: [deadline('1s', runtime)],
    }));
    begin('running', { deadline: '1h' });
    const waiting = begin('waiting');
    clock.advance(999);
    expect(waiting.end).toBeNull();
    clock.advance(1);
    expect(waiting.end).toBe('DEADLINE_EXCEEDED');
    expect(slots.queued).toBe(0);
  });

  test('a waiting call leaves as soon as the time left is less than an attempt usually takes', () => {
    const { begin, clock, runtime } = makeBulkhead({ maxConcurrent: 1 }, (own) => ({
      outside: [deadline('1s', own)],
    }));
    for (let i = 0; i < 100; i++) {
      const { attempt } = begin('as usual');
      clock.advance(400);
      attempt!.succeed(1);
    }
    begin('hangs', { deadline: '1h' });
    const waiting = begin('waiting');
    clock.advance(599);
    expect(waiting.end).toBeNull();
    clock.advance(2);
    expect(waiting.end).toBe('BULKHEAD_FULL');
    expect(begin('in a hurry', { deadline: '300ms' }).end).toBe('BULKHEAD_FULL');
    expect(runtime.sink.of('bulkhead.refused')).toMatchObject([
      { why: 'too-late' },
      { why: 'too-late' },
    ]);
    expect(runtime.sink.of('call.settled').at(-1)).toMatchObject({ stoppedBy: 'deadline' });
  });

  test('a call that has been served leaves no timer of its wait behind', () => {
    const { begin, clock } = makeBulkhead({ maxConcurrent: 1 }, (runtime) => ({
      outside: [deadline('1s', runtime)],
    }));
    const first = begin('first');
    const second = begin('second');
    first.attempt!.succeed(1);
    second.attempt!.succeed(1);
    expect(clock.armed).toBe(0);
  });

  test('a call that waits behind a breaker leaves when it opens; one without a breaker stays', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 2 }, runtime);
    const breaker = circuitBreaker({ kind: 'consecutive', consecutiveFailures: 1 }, runtime);
    const guarded = pipeline(slots, breaker);
    const bare = pipeline(slots);
    const ends: string[] = [];
    let running!: Attempt;
    guarded.start(
      (attempt) => {
        running = attempt;
        return pending;
      },
      () => {},
    );
    bare.start(
      () => pending,
      () => {},
    );
    bare.start(
      () => 1,
      () => ends.push('bare 1'),
    );
    guarded.start(
      () => 1,
      () => ends.push('guarded'),
    );
    bare.start(
      () => pending,
      () => ends.push('bare 2'),
    );
    running.fail(new Error('down'));
    expect(ends).toEqual(['guarded', 'bare 1']);
    expect([slots.inFlight, slots.queued]).toEqual([2, 0]);
  });

  test('does not even queue a call that the breaker behind it would refuse', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, runtime);
    const breaker = circuitBreaker({}, runtime);
    const calls = pipeline(slots, breaker);
    calls.start(
      () => pending,
      () => {},
    );
    breaker.isolate();
    let stoppedBy: unknown = null;
    calls.start(
      () => 1,
      (settled) => (stoppedBy = settled.stoppedBy),
    );
    expect(stoppedBy).toBe('breaker');
  });
});

describe('listeners that meddle', () => {
  test('a listener that aborts the call whose refusal it is told of does not harm the queue', () => {
    const controller = new AbortController();
    const runtime = testRuntime();
    const meddling = {
      ...runtime,
      sink: (event: { type: string }) => {
        if (event.type === 'bulkhead.refused') controller.abort(new Error('meddled'));
      },
    };
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 1 }, meddling);
    const calls = pipeline(slots);
    const ends: unknown[] = [];
    calls.start(
      () => pending,
      () => {},
    );
    calls.start(
      () => 1,
      ({ error }) => ends.push((error as Error).message),
      { criticality: 'sheddable', signal: controller.signal },
    );
    calls.start(
      () => 1,
      () => ends.push('never'),
    );
    expect(ends).toEqual(['meddled']);
    expect(slots.queued).toBe(1);
  });
});

test('twenty thousand calls that wait for one slot are served on a flat stack', () => {
  const runtime = testRuntime();
  const calls = pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 1_000_000 }, runtime));
  let running!: Attempt;
  let served = 0;
  calls.start(
    (attempt) => {
      running = attempt;
      return pending;
    },
    () => {},
  );
  for (let i = 0; i < 20_000; i++)
    calls.start(
      () => 1,
      () => served++,
    );
  running.succeed(1);
  while (runtime.clock.armed > 0) runtime.clock.advance(0);
  expect(served).toBe(20_000);
});
