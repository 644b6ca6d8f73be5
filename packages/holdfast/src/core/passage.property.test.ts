import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { type TestRuntime, testRuntime } from '../testing/index.ts';
import { TimerNode } from '../runtime/clock.ts';
import type { RuntimeEvent } from '../runtime/runtime.ts';
import { type Attempt, pending } from './operation.ts';
import { GO, type Policy, type Settled } from './policy.ts';

type Way = 'straight' | 'long';

/** Does nothing; on the long way, it needs a `Call` for that. */
const inert = (way: Way, runtime: TestRuntime): Policy => ({
  kind: 'inert',
  runtime,
  traits: { straight: way === 'straight' },
  enter: () => GO,
  leave: () => GO,
});

class Wake extends TimerNode {
  readonly #wake: () => void;

  constructor(wake: () => void) {
    super();
    this.#wake = wake;
  }

  expire(): void {
    this.#wake();
  }
}

const ENDS = [
  'resolves',
  'answers badly',
  'rejects',
  'hangs',
  'throws',
  'returns',
  'calls back at once and resolves',
  'aborts its own call',
  'breaks the classifier',
  'aborts in the classifier',
  'is aborted by a listener to its end',
] as const;

const anAttempt = fc.record({
  end: fc.constantFrom(...ENDS),
  by: fc.constantFrom('promise', 'callback'),
  after: fc.integer({ max: 30, min: 0 }),
});

const aCall = fc.record({
  at: fc.integer({ max: 60, min: 0 }),
  attempts: fc.tuple(anAttempt, anAttempt),
  aborts: fc.option(fc.integer({ max: 40, min: 0 }), { nil: null, freq: 3 }),
  has: fc.constantFrom('nothing', 'safety', 'a signal', 'its own deadline'),
  by: fc.constantFrom('call', 'tryCall', 'start'),
  /** What its callback does, if it has one. */
  afterwards: fc.constantFrom('nothing', 'starts others', 'settles again', 'aborts', 'throws'),
});

const aPipeline = fc.record({
  fallback: fc.boolean(),
  deadline: fc.option(fc.constantFrom(12.5, 15.5, 40.5), { nil: null }),
  retry: fc.boolean(),
  budget: fc.boolean(),
  bulkhead: fc.boolean(),
  breaker: fc.constantFrom(null, 'time', 'count', 'consecutive'),
  reset: fc.integer({ max: 60, min: 0 }),
  timeout: fc.option(fc.constantFrom(12.5, 20.5), { nil: null }),
});

type Calls = readonly (typeof aCall extends fc.Arbitrary<infer C> ? C : never)[];
type Parts = typeof aPipeline extends fc.Arbitrary<infer P> ? P : never;

describe('a call that goes straight and one that goes the long way', () => {
  test('cannot be told apart', async () => {
    await fc.assert(
      fc.asyncProperty(
        aPipeline,
        fc.array(aCall, { maxLength: 6, minLength: 1 }),
        async (parts, calls) => {
          expect(await run('straight', parts, calls)).toEqual(await run('long', parts, calls));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

/** Everything that can be seen of these calls. */
async function run(way: Way, parts: Parts, calls: Calls) {
  const doomed: Doomed = { next: null };
  const runtime = overheard(testRuntime(), doomed);
  const pipeline = assemble(way, parts, runtime);
  const ends: unknown[][] = calls.map(() => []);
  const thrown: unknown[] = [];
  const signals: boolean[][] = calls.map(() => []);
  calls.forEach((call, index) => {
    const start = () => {
      const controller = new AbortController();
      const { aborts } = call;
      if (aborts !== null)
        runtime.clock.start(new Wake(() => controller.abort('changed my mind')), aborts);
      const perform = operationOf(call, controller, runtime, signals[index]!, doomed);
      let last: Attempt | undefined;
      const operation = (attempt: Attempt) => perform((last = attempt));
      const options = optionsOf(call, controller);
      const told = (how: string) => (what: unknown) => {
        ends[index]!.push({ how, what: plain(what), at: plain(runtime.clock.now()) });
      };
      if (call.by !== 'start') {
        pipeline[call.by](operation, options).then(told('fulfilled'), told('rejected'));
        return;
      }
      const tell = (settled: Settled) => told('called back')(said(settled));
      const done = (settled: Settled) => {
        tell(settled);
        if (call.afterwards === 'aborts') controller.abort('called back');
        if (call.afterwards === 'settles again') last?.succeed('again');
        if (call.afterwards === 'starts others') {
          pipeline.start(() => 'another', tell, options);
          pipeline.start(operation, tell);
        }
        // By none of this has it changed.
        tell(settled);
        if (call.afterwards === 'throws') throw new Error('called back');
      };
      pipeline.start(operation, done, options);
    };
    // No two things happen at the same moment, where either order would be right.
    runtime.clock.start(new Wake(start), call.at + index / 128);
  });
  while (runtime.clock.now() < 200) {
    await runtime.clock.advanceAsync(200 - runtime.clock.now()).catch((error: unknown) => {
      thrown.push([plain(error), plain(runtime.clock.now())]);
    });
  }
  const events = runtime.sink.events.map((event) => JSON.stringify(plain(event))).toSorted();
  const { armed } = runtime.clock;
  return { ends, thrown, signals, events, armed, snapshot: pipeline.snapshot() };
}

/** Whose call a listener aborts when it is told of an attempt's end. */
interface Doomed {
  next: AbortController | null;
}

function overheard(runtime: TestRuntime, doomed: Doomed): TestRuntime {
  const { sink } = runtime;
  const listener = (event: RuntimeEvent) => {
    sink(event);
    if (event.type === 'attempt.settled') doomed.next?.abort('heard too much');
  };
  return { ...runtime, sink: Object.assign(listener, sink) };
}

function assemble(way: Way, parts: Parts, runtime: TestRuntime) {
  const made = withRuntime(runtime);
  const judged = made.classify(({ value }) => {
    if (value instanceof Answer) return value.judge();
    return value === undefined ? 'transient' : 'success';
  });
  const policies: Policy[] = [inert(way, runtime)];
  if (parts.fallback) policies.push(made.fallback({ value: 'instead' }));
  if (parts.deadline !== null) policies.push(made.deadline(parts.deadline));
  if (parts.retry) policies.push(made.retry({ maxAttempts: 2, backoff: { base: 5 } }));
  if (parts.budget) policies.push(made.retryBudget({ ratio: 0.5 }));
  if (parts.bulkhead) policies.push(made.bulkhead({ maxConcurrent: 2, maxQueue: 2 }));
  if (parts.breaker !== null) {
    const { breaker: kind } = parts;
    const limits = { minimumCalls: 3, slowCallDuration: 15.5, cooldown: 20, rampDuration: 10 };
    const breaker = made.circuitBreaker(
      kind === 'consecutive' ? { kind, consecutiveFailures: 2, cooldown: 20 } : { kind, ...limits },
    );
    // From then on, permits are of another generation.
    runtime.clock.start(new Wake(() => breaker.reset()), parts.reset + 1 / 3);
    policies.push(breaker);
  }
  if (parts.timeout !== null) policies.push(made.timeout(parts.timeout));
  return made.pipeline(judged, ...policies);
}

/** A value whose meaning is not `success`. */
class Answer {
  readonly judge: () => 'transient' | 'success';

  constructor(judge: () => 'transient' | 'success') {
    this.judge = judge;
  }
}

function optionsOf({ has, aborts }: Calls[number], { signal }: AbortController) {
  const idempotent = has === 'safety' ? { idempotent: true } : {};
  const abortable = has === 'a signal' || aborts !== null ? { signal, idempotent: true } : {};
  const limited = has === 'its own deadline' ? { deadline: 25.5 } : {};
  return has === 'nothing' && aborts === null
    ? undefined
    : { ...idempotent, ...abortable, ...limited };
}

function operationOf(
  { attempts }: Calls[number],
  controller: AbortController,
  runtime: TestRuntime,
  aborted: boolean[],
  doomed: Doomed,
) {
  return (attempt: Attempt): unknown => {
    const { end, by, after } = attempts[attempt.number - 1]!;
    const { signal } = attempt;
    signal.addEventListener('abort', () => (aborted[attempt.number] = true));
    const later = (what: () => void) => runtime.clock.start(new Wake(what), after);
    switch (end) {
      case 'throws':
        throw new Error(end);
      case 'returns':
        return end;
      case 'calls back at once and resolves':
        attempt.succeed('at once');
        return Promise.resolve(end);
      case 'aborts its own call':
        controller.abort('by itself');
        break;
    }
    const answer = answerTo(end, controller);
    const settle = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
      if (end === 'hangs') return;
      later(() => {
        doomed.next = end === 'is aborted by a listener to its end' ? controller : null;
        if (end === 'rejects') reject(new Error(end));
        else resolve(answer);
      });
    };
    if (by === 'promise') return new Promise(settle);
    settle(
      (value) => attempt.succeed(value),
      (error) => attempt.fail(error),
    );
    return pending;
  };
}

function answerTo(end: (typeof ENDS)[number], controller: AbortController): unknown {
  switch (end) {
    case 'answers badly':
      return new Answer(() => 'transient');
    case 'breaks the classifier':
      return new Answer(() => {
        throw new Error(end);
      });
    case 'aborts in the classifier':
      return new Answer(() => {
        controller.abort('asked too much');
        return 'success';
      });
    default:
      return end;
  }
}

/** Of a call that is told by callback, what it says. */
function said({ ok, value, error, verdict, attempts, stoppedBy, fellBack }: Settled) {
  return { ok, value, error, verdict, attempts, stoppedBy, fellBack };
}

/** As data, so that two runs can be compared: numbers may differ in their last digits. */
function plain(what: unknown): unknown {
  return JSON.parse(
    JSON.stringify(what ?? null, (_key, value: unknown) => {
      if (typeof value === 'number') return Math.round(value * 1e6) / 1e6;
      if (!(value instanceof Error)) return value;
      return { ...value, name: value.name, message: value.message, cause: value.cause };
    }),
  );
}
