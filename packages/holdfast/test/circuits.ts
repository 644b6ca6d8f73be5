import { expect } from 'vitest';
import {
  type Attempt,
  type CallOptions,
  circuitBreaker,
  type CircuitBreakerOptions,
  type CircuitOpenError,
  classify,
  type Judgement,
  pending,
  pipeline,
  type Settled,
  type TypedPolicy,
  type Verdict,
} from '../src/index.ts';
import { type TestRuntime, testRuntime } from '../src/testing/index.ts';

/** An operation's value says how it is to be judged; an error is transient. */
export const asToldTo = classify<Verdict | Judgement>((o) => (o.ok ? o.value : 'transient'));

/** Without jitter and ramp, so that times are round. */
export const PLAIN = {
  cooldownJitter: 0,
  rampDuration: 0,
  successesToClose: 1,
} satisfies CircuitBreakerOptions;

/** A call whose operation goes on until `end`. */
interface Running {
  readonly attempt: Attempt;
  settled: Settled | null;
  end(judged: Verdict | Judgement): void;
}

/** The policies around a breaker and inside it. */
type Around = (runtime: TestRuntime) => { outside?: TypedPolicy[]; inside?: TypedPolicy[] };

/** A breaker with nothing else, or with what is given around and inside it. */
export function makeCircuit(options: CircuitBreakerOptions = {}, around: Around = () => ({})) {
  const runtime = testRuntime();
  const breaker = circuitBreaker(options, runtime);
  const { outside = [], inside = [] } = around(runtime);
  const calls = pipeline(asToldTo, ...outside, breaker, ...inside);
  /** One call that is over at once: the outcome's verdict, or why it was refused. */
  const answer = (judged: Verdict | Judgement): string => {
    let end = 'waiting';
    calls.start(
      () => judged,
      ({ ok, verdict, error }) => {
        end = ok ? verdict : (error as CircuitOpenError).code;
      },
    );
    return end;
  };
  const answers = (times: number, judged: Verdict | Judgement): string[] =>
    Array.from({ length: times }, () => answer(judged));
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

/** Opens a breaker that has its default rates. */
export function trip({ answers }: Pick<ReturnType<typeof makeCircuit>, 'answers'>): void {
  answers(20, 'transient');
}

/** A breaker that is open, and lets its first probe through now. */
export function readyToProbe(options: CircuitBreakerOptions = {}, around?: Around) {
  const circuit = makeCircuit({ cooldownJitter: 0, cooldown: '1s', ...options }, around);
  trip(circuit);
  circuit.clock.advance(1000);
  return circuit;
}

/** A breaker that has just closed after an outage: its ramp of 10 s begins now. */
export function justClosed(options: CircuitBreakerOptions = {}) {
  const circuit = readyToProbe({ ...PLAIN, rampDuration: '10s', ...options });
  circuit.answer('success');
  expect(circuit.breaker.state).toBe('closed');
  return circuit;
}
