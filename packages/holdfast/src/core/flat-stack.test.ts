import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import { noContext, type Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { testRuntime } from '../testing/index.ts';
import { type Attempt, pending } from './operation.ts';

const MILLION = 1_000_000;

/** As a simulator runs it: no async context, nobody listens. */
function house() {
  const { clock, ...rest } = testRuntime();
  const runtime: Runtime = { ...rest, clock, context: noContext, sink: null };
  return { ...withRuntime(runtime), clock };
}

describe('the stack stays flat', () => {
  test('when a million synchronous calls are queued behind one slot', () => {
    const { pipeline, bulkhead, clock } = house();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: MILLION });
    const one = pipeline(slots);
    let free!: () => void;
    let ran = 0;
    let done = 0;
    const count = () => void done++;
    one.start((attempt: Attempt) => {
      free = () => attempt.succeed(0);
      return pending;
    }, count);
    for (let i = 0; i < MILLION; i++) one.start(() => ran++, count);
    expect({ ran, queued: slots.queued }).toEqual({ ran: 0, queued: MILLION });
    free();
    // Others had their turn in between.
    expect(ran).toBeLessThan(200);
    clock.advance(0);
    expect({ ran, done }).toEqual({ ran: MILLION, done: MILLION + 1 });
    expect(slots).toMatchObject({ inFlight: 0, queued: 0 });
  }, 60_000);

  test('when each of a million calls is started by the callback of the one before', () => {
    const { pipeline, bulkhead, clock } = house();
    const one = pipeline(bulkhead());
    let left = MILLION;
    const next = (): void => {
      if (left-- > 0) one.start(() => left, next);
    };
    next();
    clock.advance(0);
    expect(left).toBe(-1);
  }, 60_000);

  test('when a callback starts a call, which begins once the callback has returned', () => {
    const { pipeline, bulkhead } = house();
    const one = pipeline(bulkhead());
    const seen: string[] = [];
    const note = (what: string) => seen.push(what);
    one.start(
      () => note('first'),
      () => {
        one.start(
          () => note('second'),
          () => note('done'),
        );
        note('returns');
      },
    );
    expect(seen).toEqual(['first', 'returns', 'second', 'done']);
  });

  test('when a hundred thousand attempts fail at once, without a wait between them', () => {
    const { pipeline, classify, retry, clock } = house();
    const again = pipeline(
      classify(() => 'transient'),
      retry({ maxAttempts: 100_000, backoff: { base: 0 } }),
    );
    let attempts = 0;
    let result: unknown;
    again.start(
      () => {
        attempts++;
        throw attempts;
      },
      ({ error, stoppedBy }) => (result = { cause: (error as Error).cause, stoppedBy }),
      { idempotent: true },
    );
    expect(attempts).toBe(100);
    clock.advance(0);
    expect(attempts).toBe(100_000);
    expect(result).toEqual({ cause: 100_000, stoppedBy: 'attempts' });
  }, 60_000);

  test('when the queue is refused as a whole by a breaker that opens', async () => {
    const { pipeline, bulkhead, circuitBreaker, clock } = house();
    const slots = bulkhead({ maxConcurrent: 1, maxQueue: 100_000 });
    const guarded = pipeline(
      slots,
      circuitBreaker({ kind: 'consecutive', consecutiveFailures: 1 } as object),
    );
    let fail!: () => void;
    let refused = 0;
    guarded.start(
      (attempt) => {
        fail = () => attempt.fail(new Error('down'));
        return pending;
      },
      () => {},
    );
    for (let i = 0; i < 100_000; i++) {
      guarded.start(
        () => expect.unreachable(),
        ({ stoppedBy }) => (refused += stoppedBy === 'breaker' ? 1 : 0),
      );
    }
    fail();
    clock.advance(0);
    expect(refused).toBe(100_000);
    expect(slots).toMatchObject({ inFlight: 0, queued: 0 });
  }, 60_000);
});

describe('other work gets its turn', () => {
  test('after a hundred calls that were resumed one after the other', async () => {
    const { pipeline, bulkhead } = withRuntime(systemRuntime);
    const one = pipeline(bulkhead({ maxConcurrent: 1, maxQueue: 10_000 }));
    let free!: () => void;
    let ran = 0;
    let most = 0;
    let sinceTurn = 0;
    const finished = new Promise<void>((resolve) => {
      one.start(
        (attempt) => {
          free = () => attempt.succeed(0);
          return pending;
        },
        () => {},
      );
      for (let i = 0; i < 5000; i++) {
        one.start(
          () => {
            most = Math.max(most, ++sinceTurn);
            ran++;
          },
          () => {
            if (ran === 5000) resolve();
          },
        );
      }
    });
    // Each turn of the event loop has one of these in it.
    let turns = 0;
    const turn = (): void => {
      turns++;
      sinceTurn = 0;
      if (ran < 5000) setImmediate(turn);
    };
    setImmediate(turn);
    free();
    await finished;
    expect(most).toBeLessThanOrEqual(200);
    expect(turns).toBeGreaterThan(20);
  });

  test('after a hundred attempts without a wait', async () => {
    const { pipeline, classify, retry } = withRuntime(systemRuntime);
    const again = pipeline(
      classify(() => 'transient'),
      retry({ maxAttempts: 1000, backoff: { base: 0 } }),
    );
    let attempts = 0;
    const seen: number[] = [];
    const watch = (): void => {
      seen.push(attempts);
      if (attempts < 1000) setImmediate(watch);
    };
    setImmediate(watch);
    await again.tryCall(
      () => {
        attempts++;
        throw new Error('down');
      },
      { idempotent: true },
    );
    // Ten batches; the first is over before anybody could look.
    expect(seen.length).toBeGreaterThanOrEqual(5);
  });
});
