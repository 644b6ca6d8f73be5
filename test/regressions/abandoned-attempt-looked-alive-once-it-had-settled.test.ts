import {
  type Attempt,
  bulkhead,
  circuitBreaker,
  deadline,
  pending,
  pipeline,
  timeout,
} from 'holdfast';
import { testRuntime } from 'holdfast/testing';
import { describe, expect, test } from 'vitest';

/** An attempt that timed out, and whose operation has settled since. */
async function settledLate(): Promise<Attempt> {
  const runtime = testRuntime();
  let attempt!: Attempt;
  const call = pipeline(timeout(100, runtime)).tryCall((given) => {
    attempt = given;
    return pending;
  });
  runtime.clock.advance(100);
  await call;
  attempt.succeed('late');
  return attempt;
}

describe('an attempt that was abandoned, and whose operation has settled since', () => {
  test('is still abandoned, and so is its signal, however late it is read', async () => {
    const attempt = await settledLate();
    expect(attempt.isAbandoned).toBe(true);
    expect(attempt.signal.reason).toMatchObject({ code: 'ATTEMPT_TIMEOUT' });
  });

  test('has no further calls made on its behalf', async () => {
    const parent = await settledLate();
    let ran = 0;
    const result = await pipeline().tryCall(() => ran++, { parent });
    expect([result.stoppedBy, ran]).toEqual(['abort', 0]);
  });

  test('that settles again is told of', async () => {
    const runtime = testRuntime();
    pipeline(timeout(100, runtime)).start(
      (attempt) => {
        attempt.signal.addEventListener('abort', () => {
          attempt.fail(new Error('heeded'));
          attempt.succeed('again');
        });
        return pending;
      },
      () => {},
    );
    runtime.clock.advance(100);
    expect(runtime.sink.of('attempt.settled-twice')).toHaveLength(1);
  });
});

/** Settles as soon as it is told to stop. */
const heedful = (attempt: Attempt) => {
  attempt.signal.addEventListener('abort', () => attempt.fail(attempt.signal.reason));
  return pending;
};

test('an operation that heeds its abort at once is no zombie, and holds no slot', () => {
  const runtime = testRuntime();
  const slots = bulkhead({ releaseOn: 'settle' }, runtime);
  pipeline(timeout(100, runtime), slots).start(heedful, () => {});
  runtime.clock.advance(100);
  expect(slots.snapshot!()).toMatchObject({ inFlight: 0, zombies: 0 });
});

test('an operation that hangs opens the breaker, though it heeds the abort of its deadline', () => {
  const runtime = testRuntime();
  const breaker = circuitBreaker(
    { kind: 'count', minimumCalls: 1, slowCallDuration: '2s' },
    runtime,
  );
  pipeline(deadline('4s', runtime), breaker).start(heedful, () => {});
  runtime.clock.advance(4000);
  expect(breaker.state).toBe('open');
});
