import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  type Bulkhead,
  bulkhead,
  type BulkheadFullError,
  type BulkheadOptions,
  type CallOptions,
  circuitBreaker,
  type Criticality,
  deadline,
  pending,
  pipeline,
  retry,
  classify,
  timeout,
  type TypedPolicy,
} from '../../index.ts';
import { type TestRuntime, testRuntime } from '../../testing/index.ts';

interface Made {
  /** null until its operation is started. */
  attempt: Attempt | null;
  /** null until it has ended: a value, or an error's code or text. */
  end: unknown;
}

function setUp(
  options: BulkheadOptions,
  around: (runtime: TestRuntime) => {
    outside?: TypedPolicy[];
    inside?: TypedPolicy[];
  } = () => ({}),
) {
  const runtime = testRuntime();
  const slots: Bulkhead = bulkhead(options, runtime);
  const { outside = [], inside = [] } = around(runtime);
  const calls = pipeline(...outside, slots, ...inside);
  const started: string[] = [];
  const begin = (name: string, asked?: CallOptions): Made => {
    const made: Made = { attempt: null, end: null };
    calls.start(
      (attempt) => {
        started.push(name);
        made.attempt = attempt;
        return pending;
      },
      ({ ok, value, error }) => {
        made.end = ok ? value : ((error as BulkheadFullError).code ?? error);
      },
      asked,
    );
    return made;
  };
  return { runtime, clock: runtime.clock, slots, begin, started };
}

const rank = (criticality: Criticality): CallOptions => ({ criticality });

const nothing = (): void => {};

const zombies = ({ slots }: { slots: Bulkhead }) => slots.snapshot!()['zombies'];
const withTimeout = (options: BulkheadOptions) =>
  setUp(options, (runtime) => ({ inside: [timeout(100, runtime)] }));

describe('slots', () => {
  test('no more operations run at once than there are slots', () => {
    const { begin, started, slots } = setUp({ maxConcurrent: 2 });
    ['a', 'b', 'c', 'd'].forEach((name) => begin(name));
    expect(started).toEqual(['a', 'b']);
    expect([slots.inFlight, slots.queued]).toEqual([2, 2]);
  });

  test('a slot that is free again goes to the one that waits', () => {
    const { begin, started, slots } = setUp({ maxConcurrent: 1 });
    const first = begin('a');
    begin('b');
    first.attempt!.succeed(1);
    expect(started).toEqual(['a', 'b']);
    expect([slots.inFlight, slots.queued]).toEqual([1, 0]);
  });

  test.each([
    ['succeeds', (attempt: Attempt) => attempt.succeed(1)],
    ['fails', (attempt: Attempt) => attempt.fail(new Error('no'))],
    ['settles twice', (attempt: Attempt) => (attempt.succeed(1), attempt.fail(2))],
  ])('an operation that %s gives its slot back once', (_how, end) => {
    const { begin, slots } = setUp({ maxConcurrent: 3 });
    const made = begin('a');
    begin('b');
    end(made.attempt!);
    expect(slots.inFlight).toBe(1);
  });

  test('an operation that throws at once gives its slot back', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, runtime);
    pipeline(slots).start(
      () => {
        throw new Error('no');
      },
      () => {},
    );
    expect(slots.inFlight).toBe(0);
  });

  test('a call that is refused further in gives its slot back', () => {
    const { begin, slots } = setUp({}, (runtime) => {
      const breaker = circuitBreaker({}, runtime);
      breaker.isolate();
      return { inside: [breaker] };
    });
    expect(begin('a').end).toBe('CIRCUIT_OPEN');
    expect(slots.inFlight).toBe(0);
  });

  test('a backoff holds no slot', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 1 }, runtime);
    const calls = pipeline(
      classify((o) => (o.ok ? 'success' : 'transient')),
      retry({ backoff: { base: 1000, jitter: 'none' } }, runtime),
      slots,
    );
    calls.start(
      () => {
        throw new Error('no');
      },
      () => {},
      { idempotent: true },
    );
    expect(runtime.clock.armed).toBe(1);
    expect(slots.inFlight).toBe(0);
  });
});

describe('the queue', () => {
  test('serves the most important first, and those of one importance in order', () => {
    const { begin, started } = setUp({ maxConcurrent: 1 });
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
    const { begin, runtime } = setUp({ maxConcurrent: 1, maxQueue: 1 });
    begin('a');
    begin('b');
    expect(begin('c').end).toBe('BULKHEAD_FULL');
    expect(runtime.sink.of('bulkhead.refused')).toEqual([
      { type: 'bulkhead.refused', dependency: '', why: 'full', criticality: 'critical' },
    ]);
  });

  test('a queue of 0 refuses whatever cannot run at once, however important', () => {
    const { begin } = setUp({ maxConcurrent: 1, maxQueue: 0 });
    begin('a', rank('sheddable'));
    expect(begin('b', rank('critical_plus')).end).toBe('BULKHEAD_FULL');
  });

  test('when it is full, the last of the least important gives its place to a more important one', () => {
    const { begin, slots, runtime } = setUp({ maxConcurrent: 1, maxQueue: 3 });
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
    const { begin } = setUp({ maxConcurrent: 1, maxQueue: 1 });
    begin('running');
    const waiting = begin('waiting', rank('sheddable'));
    expect(begin('equal', rank('sheddable')).end).toBe('BULKHEAD_FULL');
    expect(waiting.end).toBeNull();
  });

  test('a waiting call leaves at once when its caller aborts, with the reason untouched', () => {
    const { begin, slots, clock } = setUp({ maxConcurrent: 1 });
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
    const { begin, slots, clock } = setUp({ maxConcurrent: 1 }, (runtime) => ({
      outside: [deadline('1s', runtime)],
    }));
    begin('running', { deadline: '1h' });
    const waiting = begin('waiting');
    clock.advance(999);
    expect(waiting.end).toBeNull();
    clock.advance(1);
    expect(waiting.end).not.toBeNull();
    expect(slots.queued).toBe(0);
  });

  test('a waiting call leaves as soon as the time left is less than an attempt usually takes', () => {
    const { begin, clock, runtime } = setUp({ maxConcurrent: 1 }, (own) => ({
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
    const { begin, clock } = setUp({ maxConcurrent: 1 }, (runtime) => ({
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
    let fail = nothing;
    guarded.start(
      (attempt) => {
        fail = () => attempt.fail(new Error('down'));
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
    fail();
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

describe('operations that ignore their abort', () => {
  test('by default leave their slot at once, and are counted as zombies until they settle', () => {
    const circuit = withTimeout({ maxConcurrent: 1 });
    const { begin, slots, clock, runtime } = circuit;
    const hung = begin('hung');
    clock.advance(100);
    expect(slots.inFlight).toBe(0);
    expect(zombies(circuit)).toBe(1);
    expect(runtime.sink.of('bulkhead.zombie')).toMatchObject([{ zombies: 1 }]);
    hung.attempt!.succeed('late');
    hung.attempt!.succeed('later');
    expect(zombies(circuit)).toBe(0);
    expect(slots.inFlight).toBe(0);
  });

  test("with releaseOn 'settle' hold their slot until they settle", () => {
    const circuit = withTimeout({ maxConcurrent: 1, releaseOn: 'settle' });
    const { begin, slots, clock, started } = circuit;
    const hung = begin('hung');
    clock.advance(100);
    expect(hung.end).toBe('ATTEMPT_TIMEOUT');
    expect(slots.inFlight).toBe(1);
    begin('next');
    expect(started).toEqual(['hung']);
    hung.attempt!.fail('late');
    hung.attempt!.fail('later');
    expect(started).toEqual(['hung', 'next']);
    expect([slots.inFlight, zombies(circuit)]).toEqual([1, 0]);
  });

  test('one bulkhead twice in a pipeline counts an abandoned operation once', () => {
    const runtime = testRuntime();
    const slots = bulkhead({ maxConcurrent: 2, releaseOn: 'settle' }, runtime);
    let live: Attempt | null = null;
    pipeline(slots, slots, timeout(100, runtime)).start(
      (attempt) => {
        live = attempt;
        return pending;
      },
      () => {},
    );
    runtime.clock.advance(100);
    expect(slots.snapshot!()).toMatchObject({ inFlight: 1, zombies: 1 });
    (live as Attempt | null)!.fail('late');
    expect(slots.snapshot!()).toMatchObject({ inFlight: 0, zombies: 0 });
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
  let open = nothing;
  let served = 0;
  calls.start(
    (attempt) => {
      open = () => attempt.succeed(1);
      return pending;
    },
    () => {},
  );
  for (let i = 0; i < 20_000; i++)
    calls.start(
      () => 1,
      () => served++,
    );
  open();
  while (runtime.clock.armed > 0) runtime.clock.advance(0);
  expect(served).toBe(20_000);
});

test('its snapshot is plain JSON', () => {
  const { begin, slots } = setUp({ maxConcurrent: 1, maxQueue: 5 });
  begin('a');
  begin('b');
  const snapshot = slots.snapshot!();
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  expect(snapshot).toEqual({ inFlight: 1, queued: 1, zombies: 0, maxConcurrent: 1, maxQueue: 5 });
});

test('wrong options are told by path, range and value', () => {
  expect(() => bulkhead({ maxConcurrent: 0, maxQueue: 1.5 })).toThrow(
    /bulkhead\.maxConcurrent must be a whole number from 1 to 1000000, got 0\nbulkhead\.maxQueue .* got 1\.5/,
  );
});
