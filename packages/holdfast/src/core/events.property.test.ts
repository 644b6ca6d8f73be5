import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { TimerNode } from '../runtime/clock.ts';
import { type TestRuntime, testRuntime } from '../testing/index.ts';
import type { CallSettledEvent } from './events.ts';
import { type Attempt, type Operation, pending } from './operation.ts';
import type { Verdict } from './outcome.ts';
import type { Policy } from './policy.ts';

const KINDS = [
  'fallback',
  'retry',
  'budget',
  'bulkhead',
  'breaker',
  'timeout',
  'hedge',
  'rescue',
] as const;

const anEnd = fc.record({
  how: fc.constantFrom('returns', 'throws', 'resolves', 'rejects', 'calls back', 'hangs'),
  after: fc.integer({ min: 0, max: 30 }),
  verdict: fc.constantFrom<Verdict>('transient', 'overload', 'terminal', 'ignored', 'timeout'),
});
type End = typeof anEnd extends fc.Arbitrary<infer E> ? E : never;

const aCall = fc.record({
  at: fc.integer({ min: 0, max: 60 }),
  abortedAfter: fc.option(fc.integer({ min: 0, max: 50 }), { nil: null }),
  idempotent: fc.boolean(),
});

class Wake extends TimerNode {
  readonly expire: () => void;

  constructor(expire: () => void) {
    super();
    this.expire = expire;
  }
}

/** Whatever order somebody puts them in; the deadline ends what hangs. */
function assembled(kinds: readonly (typeof KINDS)[number][], runtime: TestRuntime) {
  const make = withRuntime(runtime);
  const makers: Record<(typeof KINDS)[number], () => Policy> = {
    fallback: () => make.fallback({ value: 'instead' }),
    retry: () => make.retry({ maxAttempts: 3, backoff: { base: 5 } }),
    budget: () => make.retryBudget({ ratio: 0.5, floorPerSecond: 10 }),
    bulkhead: () => make.bulkhead({ maxConcurrent: 1, maxQueue: 2 }),
    breaker: () =>
      make.circuitBreaker({ kind: 'consecutive', consecutiveFailures: 2, cooldown: 20 }),
    timeout: () => make.timeout(20.5),
    hedge: () => make.custom('hedge', (next) => Promise.race([next(), next()])),
    rescue: () => make.custom('rescue', (next) => next().catch(() => 'rescued')),
  };
  const meaning = make.classify<unknown>(({ ok, error }) => (ok ? 'success' : (error as Verdict)));
  const policies = kinds.map((kind) => makers[kind]());
  return make.pipeline(meaning, make.deadline(60.25), ...policies);
}

function ending({ clock }: TestRuntime, { how, after, verdict }: End) {
  const later = (then: () => void): void => clock.start(new Wake(then), after);
  return (attempt: Attempt): unknown => {
    switch (how) {
      case 'returns':
        return 'value';
      case 'throws':
        throw verdict;
      case 'resolves':
        return new Promise<void>(later);
      case 'rejects':
        return new Promise((_, reject) => later(() => reject(verdict as never)));
      case 'calls back':
        later(() => attempt.fail(verdict));
        return pending;
      case 'hangs':
        return new Promise(() => {});
    }
  };
}

test('in whatever order policies stand, each call and each attempt is told to have ended once', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...KINDS]),
      fc.array(aCall, { minLength: 1, maxLength: 8 }),
      fc.array(anEnd, { minLength: 1, maxLength: 10 }),
      async (kinds, calls, ends) => {
        const runtime = testRuntime();
        const { clock, sink } = runtime;
        const pipeline = assembled(kinds, runtime);
        let attempts = 0;
        const operation: Operation = (attempt) =>
          ending(runtime, ends[attempts++ % ends.length]!)(attempt);
        for (const { at, abortedAfter, idempotent } of calls) {
          const caller = new AbortController();
          const start = () => {
            void pipeline.tryCall(operation, { idempotent, signal: caller.signal });
            if (abortedAfter !== null) clock.start(new Wake(() => caller.abort()), abortedAfter);
          };
          clock.start(new Wake(start), at);
        }
        await clock.advanceAsync(300);
        const told = sink.of('call.settled') as readonly CallSettledEvent[];
        expect(told).toHaveLength(calls.length);
        expect(sink.of('attempt.settled')).toHaveLength(attempts);
        expect(told.reduce((sum, call) => sum + call.attempts, 0)).toBe(attempts);
        const times = sink.events.flatMap((event) => Object.values({ ...event }));
        expect(times.filter((time) => typeof time === 'number' && !(time >= 0))).toEqual([]);
      },
    ),
    { numRuns: 1000 },
  );
});
