import { describe, expect, test } from 'vitest';
import {
  type Attempt,
  bulkhead,
  type CallOptions,
  circuitBreaker,
  type CircuitBreakerOptions,
  CircuitOpenError,
  classify,
  deadline,
  type Judgement,
  keyed,
  pending,
  pipeline,
  retry,
  retryBudget,
  type Settled,
  timeout,
  type TypedPolicy,
  type Verdict,
} from '../../index.ts';
import { type TestRuntime, testRuntime } from '../../testing/index.ts';

/** An operation's value says how it is to be judged; an error is transient. */
const asToldTo = classify<Verdict | Judgement>((o) => (o.ok ? o.value : 'transient'));

interface Running {
  readonly attempt: Attempt;
  settled: Settled | null;
  end(judged: Verdict | Judgement): void;
}

/** A breaker with nothing else, or with what is given around and inside it. */
function setUp(
  options: CircuitBreakerOptions = {},
  around: (runtime: TestRuntime) => {
    outside?: TypedPolicy[];
    inside?: TypedPolicy[];
  } = () => ({}),
) {
  const runtime = testRuntime();
  const breaker = circuitBreaker(options, runtime);
  const { outside = [], inside = [] } = around(runtime);
  const calls = pipeline(asToldTo, ...outside, breaker, ...inside);
  /** One call that is over at once: the outcome's verdict, or why it was refused. */
  const answer = (judged: Verdict | Judgement, asked?: CallOptions): string => {
    let end = 'waiting';
    calls.start(
      () => judged,
      ({ ok, verdict, error }) => {
        end = ok ? verdict : (error as CircuitOpenError).code;
      },
      asked,
    );
    return end;
  };
  const answers = (times: number, judged: Verdict | Judgement): string[] =>
    Array.from({ length: times }, () => answer(judged));
  /** One call whose operation goes on until it is told to end. */
  const begin = (asked?: CallOptions): Running => {
    const running: { attempt?: Attempt; settled: Settled | null } = { settled: null };
    calls.start(
      (attempt) => {
        running.attempt = attempt;
        return pending as never;
      },
      (settled) => {
        running.settled = { ...settled, ok: settled.ok, error: settled.error };
      },
      asked,
    );
    return Object.assign(running as Running, {
      end: (judged: Verdict | Judgement) => running.attempt!.succeed(judged),
    });
  };
  const changes = () =>
    runtime.sink
      .of('circuit-breaker.state-changed')
      .map((event) => event as unknown as { from: string; to: string; retryAfter?: number });
  return { runtime, clock: runtime.clock, breaker, calls, answer, answers, begin, changes };
}

/** Without jitter and ramp, so that times are round. */
const PLAIN: CircuitBreakerOptions = { cooldownJitter: 0, rampDuration: 0, successesToClose: 1 };

/** Opens a breaker of these tests that has its default rates. */
function trip({ answers }: { answers: (times: number, judged: Verdict) => unknown }): void {
  answers(20, 'transient');
}

const nothing = (): void => {};

const counted = (judged: Verdict | Judgement) => {
  const { answer, breaker } = setUp();
  answer(judged);
  const { calls, failures } = breaker.snapshot!() as { calls: number; failures: number };
  return { calls, failures };
};

/** The cooldown of each opening, probes failing until there were so many. */
const cooldowns = (options: CircuitBreakerOptions, openings: number): number[] => {
  const { answers, answer, changes, clock } = setUp(options);
  answers(20, 'transient');
  while (changes().filter(({ to }) => to === 'open').length < openings) {
    clock.advance(10);
    answer('transient');
  }
  return changes()
    .filter(({ to }) => to === 'open')
    .map(({ retryAfter }) => retryAfter!);
};

const half = (options: CircuitBreakerOptions = {}, more?: Parameters<typeof setUp>[1]) => {
  const circuit = setUp({ cooldownJitter: 0, cooldown: '1s', ...options }, more);
  trip(circuit);
  circuit.clock.advance(1000);
  return circuit;
};

const closed = (options: CircuitBreakerOptions = {}) => {
  const circuit = setUp({ ...PLAIN, cooldown: '1s', rampDuration: '10s', ...options });
  trip(circuit);
  circuit.clock.advance(1000);
  circuit.answer('success');
  expect(circuit.breaker.state).toBe('closed');
  return circuit;
};

const full = (options: CircuitBreakerOptions = {}) => {
  const runtime = testRuntime();
  const breaker = circuitBreaker({ ...PLAIN, cooldown: '10s', ...options }, runtime);
  const slots = bulkhead({ maxConcurrent: 2, maxQueue: 50 }, runtime);
  const budget = retryBudget({ floorPerSecond: 1 }, runtime);
  const backoff = { base: 1000, jitter: 'none' as const };
  const calls = pipeline(
    asToldTo,
    retry({ maxAttempts: 3, backoff }, runtime),
    budget,
    slots,
    breaker,
  );
  return { runtime, clock: runtime.clock, breaker, slots, budget, calls };
};

describe('when it opens', () => {
  test('opens at half of at least 20 calls failed, and then refuses', () => {
    const { answers, answer, breaker } = setUp();
    answers(10, 'success');
    answers(9, 'transient');
    expect(breaker.state).toBe('closed');
    answer('transient');
    expect(breaker.state).toBe('open');
    expect(answer('success')).toBe('CIRCUIT_OPEN');
  });

  test('does not open on 19 failures: too few to judge by', () => {
    const { answers, breaker } = setUp();
    answers(19, 'transient');
    expect(breaker.state).toBe('closed');
  });

  test('stays closed while fewer than the share fail, however many', () => {
    const { answers, breaker } = setUp();
    for (let i = 0; i < 500; i++) {
      answers(6, 'success');
      answers(5, 'transient');
    }
    expect(breaker.state).toBe('closed');
  });

  test('opens at exactly the share that was asked for, whatever binary fractions make of it', () => {
    const { answers, answer, breaker } = setUp({ failureRate: 0.07, minimumCalls: 100 });
    answers(93, 'success');
    answers(6, 'transient');
    expect(breaker.state).toBe('closed');
    answer('transient');
    expect(breaker.state).toBe('open');
  });

  test('forgets failures that have left the window', () => {
    const { answers, clock, breaker } = setUp({ window: '10s' });
    answers(19, 'transient');
    clock.advance(10_000);
    answers(1, 'transient');
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });

  test('after an hour without calls, the first failure does not open it', () => {
    const { answers, clock, breaker } = setUp({ window: '5s', minimumCalls: 5 });
    answers(4, 'transient');
    clock.advance(3_600_000);
    answers(4, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, it looks at the last calls whatever their age', () => {
    const { answers, clock, breaker } = setUp({ kind: 'count', windowCalls: 4, minimumCalls: 4 });
    answers(2, 'success');
    answers(1, 'transient');
    clock.advance(3_600_000);
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, the newest call takes the place of the oldest', () => {
    const { answers, breaker } = setUp({ kind: 'count', windowCalls: 4, minimumCalls: 4 });
    answers(1, 'transient');
    answers(4, 'success');
    answers(1, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('by count, more calls than the window holds cannot be the minimum', () => {
    const { answers, breaker } = setUp({ kind: 'count', windowCalls: 5, minimumCalls: 20 });
    answers(4, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('consecutive: a success between failures begins the count anew', () => {
    const { answers, breaker } = setUp({ kind: 'consecutive', consecutiveFailures: 3 });
    answers(2, 'transient');
    answers(1, 'success');
    answers(2, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test.each(['time', 'count'] as const)('kind %s opens when half of the calls are slow', (kind) => {
    const { begin, clock, breaker } = setUp({ kind, minimumCalls: 4, slowCallDuration: '200ms' });
    for (const duration of [200, 200, 201, 201]) {
      expect(breaker.state).toBe('closed');
      const running = begin();
      clock.advance(duration);
      running.end('success');
    }
    expect(breaker.state).toBe('open');
  });

  test('a slow-call rate of 0 lets calls take as long as they like', () => {
    const { begin, clock, breaker } = setUp({ minimumCalls: 2, slowCallRate: 0 });
    for (let i = 0; i < 5; i++) {
      const running = begin();
      clock.advance(60_000);
      running.end('success');
    }
    expect(breaker.state).toBe('closed');
  });
});

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
    const { answers, breaker, begin } = setUp({ minimumCalls: 1 }, (runtime) => ({
      inside: [bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime)],
    }));
    begin();
    expect(answers(50, 'success')).toEqual(Array(50).fill('BULKHEAD_FULL'));
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot!()).toMatchObject({ calls: 0, failures: 0 });
  });

  test('refused calls are not counted, and do not dilute the rates', () => {
    const { answers, breaker, clock, answer } = setUp({ ...PLAIN, cooldown: '1s' });
    answers(20, 'transient');
    answers(100, 'success');
    clock.advance(1000);
    answer('success');
    expect(breaker.snapshot!()).toMatchObject({ state: 'closed', calls: 0 });
  });

  test('an attempt cut by the deadline counts as a failure once it was slow', () => {
    const { begin, clock, breaker } = setUp({ slowCallDuration: '2s' }, (runtime) => ({
      outside: [deadline('2001ms', runtime)],
    }));
    begin();
    clock.advance(2001);
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });

  test('an attempt cut by the deadline before it was slow is not counted', () => {
    const { begin, clock, breaker } = setUp({ slowCallDuration: '2s' }, (runtime) => ({
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
    const { begin, clock, breaker } = setUp();
    const controller = new AbortController();
    begin({ signal: controller.signal });
    clock.advance(after);
    controller.abort();
    expect(breaker.snapshot!()).toMatchObject({ calls: failures, failures });
  });

  test('an attempt that timed out is a failure, and its late answer is not counted again', () => {
    const { begin, clock, breaker } = setUp({}, (runtime) => ({ inside: [timeout(100, runtime)] }));
    const running = begin();
    clock.advance(100);
    running.end('success');
    expect(breaker.snapshot!()).toMatchObject({ calls: 1, failures: 1 });
  });
});

describe('how long it stays open', () => {
  test('30 s, spread by 20 % both ways', () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const runtime = testRuntime(seed);
      const breaker = circuitBreaker({ kind: 'consecutive', consecutiveFailures: 1 }, runtime);
      pipeline(asToldTo, breaker).start(
        () => 'transient',
        () => {},
      );
      waits.push(breaker.snapshot!()['retryAfter'] as number);
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(24_000);
    expect(Math.min(...waits)).toBeLessThan(25_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(36_000);
    expect(Math.max(...waits)).toBeGreaterThan(35_000);
  });

  test('doubles with each failed probe, up to the longest', () => {
    const options = { ...PLAIN, cooldown: 100, maxCooldown: 500 };
    expect(cooldowns(options, 5)).toEqual([100, 200, 400, 500, 500]);
  });

  test('lasts at least as long as the Retry-After of the failure that opened it', () => {
    const { answers, answer, changes, clock, breaker } = setUp({ ...PLAIN, cooldown: '1s' });
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
    for (let seed = 0; seed < 100; seed++) {
      const runtime = testRuntime(seed);
      const breaker = circuitBreaker(
        { kind: 'consecutive', consecutiveFailures: 1, cooldown: '1s', maxCooldown: '10s' },
        runtime,
      );
      const calls = pipeline(asToldTo, breaker);
      calls.start(
        () => ({ verdict: 'overload', retryAfter: 3_600_000 }),
        () => {},
      );
      const wait = breaker.snapshot!()['retryAfter'] as number;
      expect(wait).toBeGreaterThanOrEqual(10_000);
      expect(wait).toBeLessThanOrEqual(12_000);
    }
  });

  test.each([NaN, -5, 0])('takes no notice of a Retry-After of %d', (retryAfter) => {
    const { answers, answer, changes } = setUp({ ...PLAIN, cooldown: '1s' });
    answers(19, 'transient');
    answer({ verdict: 'overload', retryAfter });
    expect(changes().at(-1)).toMatchObject({ retryAfter: 1000 });
  });

  test('without a ramp, the doubling ends as soon as it closes', () => {
    const circuit = setUp({ ...PLAIN, cooldown: 100 });
    trip(circuit);
    circuit.clock.advance(100);
    circuit.answer('transient');
    circuit.clock.advance(200);
    circuit.answer('success');
    trip(circuit);
    expect(circuit.changes().at(-1)).toMatchObject({ to: 'open', retryAfter: 100 });
  });

  test('the doubling outlives closing, and ends when the ramp is over', () => {
    const circuit = setUp({ ...PLAIN, cooldown: 100, rampDuration: '1s' });
    const { answers, answer, clock, changes } = circuit;
    const openings = () =>
      changes()
        .filter(({ to }) => to === 'open')
        .map((c) => c.retryAfter);
    trip(circuit);
    clock.advance(100);
    answer('success');
    clock.advance(999);
    while (openings().length < 2) answer('transient');
    clock.advance(200);
    answer('success');
    clock.advance(1000);
    answers(20, 'transient');
    expect(openings()).toEqual([100, 200, 100]);
  });
});

describe('half-open', () => {
  test('an open breaker whose cooldown is over stays open until a call comes', () => {
    const { breaker, begin } = half();
    expect(breaker.state).toBe('open');
    begin();
    expect(breaker.state).toBe('half-open');
  });

  test('lets as many probes run at once as it was told, and refuses the rest', () => {
    const { begin } = half({ probes: 3 });
    const runs = Array.from({ length: 10 }, () => begin());
    expect(runs.filter(({ settled }) => settled === null)).toHaveLength(3);
    expect(runs.slice(3).every(({ settled }) => settled?.stoppedBy === 'breaker')).toBe(true);
  });

  test('closes after so many successes', () => {
    const { answer, breaker } = half({ successesToClose: 3 });
    answer('success');
    answer('terminal');
    expect(breaker.state).toBe('half-open');
    answer('success');
    expect(breaker.state).toBe('closed');
  });

  test('one failed probe opens it again', () => {
    const { answer, breaker } = half({ successesToClose: 3 });
    answer('success');
    answer('success');
    answer('transient');
    expect(breaker.state).toBe('open');
  });

  test('a probe that succeeds slowly opens it again, and is told as slow', () => {
    const { begin, clock, breaker, runtime } = half({ slowCallDuration: 100 });
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
    const { begin, clock, breaker } = half({ slowCallDuration: 100, slowCallRate: 0 });
    const probe = begin();
    clock.advance(3000);
    probe.end('success');
    expect(breaker.state).toBe('half-open');
  });

  test('a probe that hangs loses its place when its lease runs out: the breaker is not wedged', () => {
    const { begin, answer, clock, breaker } = half({ probeLease: '6s', successesToClose: 1 });
    begin();
    clock.advance(5999);
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    clock.advance(1);
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });

  test('what a probe answers after its place was given away moves nothing', () => {
    const { begin, clock, breaker } = half({ probeLease: '6s' });
    const hung = begin();
    clock.advance(6000);
    begin();
    hung.end('transient');
    expect(breaker.state).toBe('half-open');
    expect(breaker.snapshot!()).toMatchObject({ calls: 0 });
  });

  test('a probe that ends as ignored gives its place back', () => {
    const { answers, answer, breaker } = half({ successesToClose: 1 });
    answers(2000, 'ignored');
    expect(breaker.state).toBe('half-open');
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });

  test('a probe whose caller aborts gives its place back', () => {
    const { begin, answer } = half();
    const controller = new AbortController();
    begin({ signal: controller.signal });
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    controller.abort();
    expect(answer('success')).toBe('success');
  });

  test('a probe that is refused further in gives its place back', () => {
    const shared: { slots?: TypedPolicy } = {};
    const { breaker, answer } = half({ successesToClose: 1 }, (runtime) => {
      shared.slots = bulkhead({ maxConcurrent: 1, maxQueue: 0 }, runtime);
      return { inside: [shared.slots] };
    });
    let leave: (value: unknown) => void = nothing;
    pipeline(shared.slots!).start(
      (attempt) => {
        leave = (value) => attempt.succeed(value);
        return pending;
      },
      () => {},
    );
    expect(answer('success')).toBe('BULKHEAD_FULL');
    expect(breaker.state).toBe('half-open');
    leave('done');
    expect(answer('success')).toBe('success');
    expect(breaker.state).toBe('closed');
  });
});

describe('late results', () => {
  test('a failure from the closed era does not reopen it during the probes', () => {
    const circuit = setUp({ ...PLAIN, successesToClose: 2, cooldown: '1s' });
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
    const circuit = setUp({ ...PLAIN, slowCallRate: 0, cooldown: '1s' });
    const old = circuit.begin();
    trip(circuit);
    circuit.clock.advance(1000);
    circuit.begin();
    old.end('success');
    expect(circuit.breaker.state).toBe('half-open');
  });

  test('a probe that ends after another has reopened it moves nothing', () => {
    const circuit = setUp({ ...PLAIN, slowCallRate: 0, cooldown: '1s', probes: 2 });
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
    const { begin, breaker } = setUp({ kind: 'consecutive', consecutiveFailures: 1 });
    const old = begin();
    breaker.reset();
    old.end('transient');
    expect(breaker.state).toBe('closed');
  });

  test('a failure from before an isolation does not count after the reset', () => {
    const { begin, breaker } = setUp({ kind: 'consecutive', consecutiveFailures: 1 });
    const old = begin();
    breaker.isolate();
    old.end('transient');
    expect(breaker.state).toBe('isolated');
    breaker.reset();
    expect(breaker.state).toBe('closed');
  });
});

describe('the ramp after closing', () => {
  test.each([
    [0, 0.1],
    [2500, 0.325],
    [5000, 0.55],
    [9000, 0.91],
    [10_000, 1],
  ])('%i ms after closing, a share of %d is let through', (after, share) => {
    const { clock, answers } = closed();
    clock.advance(after);
    const passed = answers(2000, 'success').filter((end) => end === 'success').length / 2000;
    expect(passed).toBeGreaterThanOrEqual(share - 0.04);
    expect(passed).toBeLessThanOrEqual(share + 0.04);
  });

  test('what it does not let through is told that the circuit is closing, and to come back', () => {
    const { calls } = closed();
    const refusals: CircuitOpenError[] = [];
    for (let i = 0; i < 30; i++) {
      calls.start(
        () => 'success',
        ({ ok, error }) => ok || refusals.push(error as CircuitOpenError),
      );
    }
    expect(refusals.length).toBeGreaterThan(10);
    expect(refusals[0]!.message).toContain('the circuit is closing');
    expect(refusals[0]!.retryAfter).toBe(0);
  });

  test('opens on 5 calls, of which half fail', () => {
    const { answer, breaker, clock } = closed();
    clock.advance(9999);
    let passed = 0;
    while (breaker.state === 'closed') if (answer('transient') === 'transient') passed++;
    expect(passed).toBe(5);
  });

  test('once it is over, 20 calls are needed again', () => {
    const { answers, breaker, clock } = closed();
    clock.advance(10_000);
    answers(19, 'transient');
    expect(breaker.state).toBe('closed');
    answers(1, 'transient');
    expect(breaker.state).toBe('open');
  });

  test('what was counted before it opened is forgotten', () => {
    expect(closed().breaker.snapshot!()).toMatchObject({ calls: 0, failures: 0, slow: 0 });
  });

  test('a minimum that is lower than the ramp’s is kept', () => {
    const { answer, breaker, clock } = closed({ minimumCalls: 2 });
    clock.advance(9999);
    let passed = 0;
    while (breaker.state === 'closed') if (answer('transient') === 'transient') passed++;
    expect(passed).toBe(2);
  });
});

describe('by hand', () => {
  test('isolate refuses everything, for however long, until reset', () => {
    const { breaker, clock, answer } = setUp();
    breaker.isolate();
    breaker.isolate();
    clock.advance(86_400_000);
    expect(answer('success')).toBe('CIRCUIT_OPEN');
    expect(breaker.state).toBe('isolated');
    breaker.reset();
    expect(answer('success')).toBe('success');
  });

  test('reset closes at once and without a ramp, forgetting counts and the doubling', () => {
    const circuit = setUp({ ...PLAIN, rampDuration: '10s', cooldown: '1s' });
    trip(circuit);
    circuit.clock.advance(1000);
    circuit.answer('transient');
    circuit.breaker.reset();
    expect(circuit.answers(19, 'transient')).toEqual(Array(19).fill('transient'));
    circuit.answer('transient');
    expect(circuit.changes().at(-1)).toMatchObject({ to: 'open', retryAfter: 1000 });
  });

  test('reset of a closed breaker forgets its counts and tells of no change', () => {
    const { answers, breaker, changes } = setUp();
    answers(10, 'transient');
    breaker.reset();
    expect(breaker.snapshot!()).toMatchObject({ calls: 0 });
    expect(changes()).toEqual([]);
  });
});

describe('what it tells', () => {
  test('a change of state tells what the state that ended had counted', () => {
    const circuit = setUp({ ...PLAIN, cooldown: '1s', successesToClose: 2 });
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
    const circuit = setUp({ ...PLAIN, cooldown: '30s' });
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
    const { breaker, begin } = setUp();
    breaker.isolate();
    expect(begin().settled!.error).toMatchObject({ retryAfter: undefined });
  });

  test('its snapshot is plain JSON in every state, with the number that stands for it', () => {
    const circuit = setUp({ ...PLAIN, cooldown: '1s', successesToClose: 2 });
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
    const circuit = setUp({ ...PLAIN, cooldown: '1s' });
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

describe('in a pipeline with retries and a queue', () => {
  test('an open breaker ends a call at once: no place in the queue, no token, no wait', () => {
    const { breaker, slots, budget, calls, clock } = full();
    const ends: (string | null)[] = [];
    for (let i = 0; i < 2; i++)
      calls.start(
        () => pending as never,
        () => {},
      );
    breaker.isolate();
    const used = budget.utilisation;
    for (let i = 0; i < 20; i++) {
      calls.start(
        () => 'success',
        ({ stoppedBy }) => ends.push(stoppedBy),
        { idempotent: true },
      );
    }
    expect(ends).toEqual(Array(20).fill('breaker'));
    expect(slots.queued).toBe(0);
    expect(budget.utilisation).toBe(used);
    expect(clock.armed).toBe(0);
  });

  test('a failure that opens it is not waited upon: the call ends with the refusal and its cause', () => {
    const { breaker, calls, clock } = full({ kind: 'consecutive', consecutiveFailures: 1 });
    const failure = new Error('reset');
    let end: Settled | null = null;
    calls.start(
      () => {
        throw failure;
      },
      (settled) => {
        end = { ...settled, ok: settled.ok, error: settled.error } as Settled;
      },
      { idempotent: true },
    );
    expect(breaker.state).toBe('open');
    expect(end).toMatchObject({ stoppedBy: 'breaker', attempts: 1 });
    expect((end as Settled | null)!.error).toMatchObject({ code: 'CIRCUIT_OPEN', cause: failure });
    expect(clock.armed).toBe(0);
  });

  test('when it opens, all that is queued behind it is refused at once', () => {
    const { calls, slots } = full({ kind: 'consecutive', consecutiveFailures: 1 });
    let fail: (error: unknown) => void = nothing;
    const ends: (string | null)[] = [];
    calls.start(
      (attempt) => {
        fail = (error) => attempt.fail(error);
        return pending as never;
      },
      () => {},
    );
    calls.start(
      () => pending as never,
      () => {},
    );
    for (let i = 0; i < 20; i++) {
      calls.start(
        () => 'success',
        ({ stoppedBy }) => ends.push(stoppedBy),
      );
    }
    expect(slots.queued).toBe(20);
    fail(new Error('down'));
    expect(slots.queued).toBe(0);
    expect(ends).toEqual(Array(20).fill('breaker'));
  });

  test('closing releases no burst: whoever came while it was open was refused, not kept', () => {
    const { calls, clock, breaker } = full({ kind: 'consecutive', consecutiveFailures: 1 });
    let operations = 0;
    calls.start(
      () => 'transient',
      () => {},
    );
    for (let i = 0; i < 500; i++)
      calls.start(
        () => (operations++, 'success'),
        () => {},
      );
    clock.advance(10_000);
    for (let i = 0; i < 500; i++)
      calls.start(
        () => pending as never,
        () => {},
      );
    calls.start(
      () => (operations++, 'success'),
      () => {},
    );
    expect(breaker.state).toBe('half-open');
    expect(operations).toBe(0);
  });

  test('idle, it holds no timer, whatever its state', () => {
    const { breaker, clock, calls } = full({ kind: 'consecutive', consecutiveFailures: 1 });
    calls.start(
      () => 'transient',
      () => {},
    );
    expect(breaker.state).toBe('open');
    expect(clock.armed).toBe(0);
  });
});

describe('options', () => {
  test('are told whole and by path when they are wrong', () => {
    const wrong = { failureRate: 0, window: '1ms', kindd: 'time' } as never;
    expect(() => circuitBreaker(wrong)).toThrow(
      /circuitBreaker\.kindd.*did you mean 'kind'[^]*circuitBreaker\.window[^]*circuitBreaker\.failureRate/,
    );
  });

  test('a longest cooldown below the first one is refused', () => {
    expect(() => circuitBreaker({ cooldown: '10s', maxCooldown: '5s' })).toThrow(
      new RangeError(
        'circuitBreaker.maxCooldown must be at least circuitBreaker.cooldown, got 5000',
      ),
    );
  });

  test('a cooldown beyond the longest one’s default is its own limit', () => {
    const { answers, changes } = setUp({ ...PLAIN, cooldown: '10m' });
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
