import { describe, expect, test } from 'vitest';
import { withRuntime } from '../client/with-runtime.ts';
import * as keys from '../idempotency/errors.ts';
import { testRuntime } from '../testing/index.ts';
import * as errors from './errors.ts';
import { pending } from './operation.ts';

const { ERROR_STATUS, HoldfastError, isHoldfastError } = errors;
const details = {
  dependency: 'stock',
  policy: 'retry',
  reason: 'failed',
  made: 2,
  elapsed: 1500,
  stoppedBy: 'attempts' as const,
  cause: new Error('password=secret'),
  attempts: [
    { attempt: 1, verdict: 'transient' as const, startedAfter: 0, duration: 1, error: 'secret' },
  ],
};

/** Those of idempotency, which a server answers to its own callers. */
const keyClasses = {
  IDEMPOTENCY_CONFLICT: keys.IdempotencyConflictError,
  IDEMPOTENCY_MISMATCH: keys.IdempotencyMismatchError,
  IDEMPOTENCY_STORE: keys.IdempotencyStoreError,
  LEASE_LOST: keys.LeaseLostError,
} as const;

/** The classes, by the codes that they carry. */
const classes = {
  ATTEMPT_TIMEOUT: errors.AttemptTimeoutError,
  BULKHEAD_FULL: errors.BulkheadFullError,
  CIRCUIT_OPEN: errors.CircuitOpenError,
  DEADLINE_EXCEEDED: errors.DeadlineExceededError,
  RETRIES_EXHAUSTED: errors.RetriesExhaustedError,
  RETRY_BUDGET_EXHAUSTED: errors.RetryBudgetExhaustedError,
} as const;

describe('every code', () => {
  test('has a class of its own', () => {
    const all = [...Object.keys(classes), ...Object.keys(keyClasses)];
    expect(all.toSorted()).toEqual(Object.keys(ERROR_STATUS).toSorted());
  });

  test.each(Object.entries(keyClasses))('%s has a name, a status and a guard', (code, OfKeys) => {
    const error = new OfKeys({ name: 'charges' });
    expect(error).toBeInstanceOf(HoldfastError);
    expect([error.code, error.name, error.dependency]).toEqual([code, OfKeys.name, 'charges']);
    expect(error.status).toBe(ERROR_STATUS[code as keyof typeof ERROR_STATUS]);
    expect(isHoldfastError(error, code as 'LEASE_LOST')).toBe(true);
    expect(error.message).toMatch(/^charges: .+ \(idempotency\)$/);
  });

  test.each(Object.entries(classes))('%s has a name, a status and a guard', (code, ErrorClass) => {
    const error = new ErrorClass(details);
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toBeInstanceOf(Error);
    expect(error.code).toBe(code);
    expect(error.name).toBe(ErrorClass.name);
    expect(error.status).toBe(ERROR_STATUS[code as keyof typeof ERROR_STATUS]);
    expect(isHoldfastError(error)).toBe(true);
    expect(isHoldfastError(error, code as 'CIRCUIT_OPEN')).toBe(true);
    expect(isHoldfastError(error, code === 'CIRCUIT_OPEN' ? 'BULKHEAD_FULL' : 'CIRCUIT_OPEN')).toBe(
      false,
    );
  });

  test.each(Object.keys(classes))('%s maps to a status that blames no caller', (code) => {
    expect([502, 503, 504]).toContain(ERROR_STATUS[code as keyof typeof ERROR_STATUS]);
  });
});

describe('an error', () => {
  test('says dependency, policy, attempts and time in its message', () => {
    const { message } = new errors.RetriesExhaustedError(details);
    expect(message).toBe('stock: failed (retry, 2 attempts, 1.5s)');
    const least = {
      dependency: '',
      policy: 'timeout',
      reason: 'no',
      stoppedBy: 'attempts',
    } as const;
    expect(new errors.AttemptTimeoutError(least).message).toBe('no (timeout)');
    expect(new errors.AttemptTimeoutError({ ...least, made: 1 }).message).toBe(
      'no (timeout, 1 attempt)',
    );
  });

  test('keeps its cause and its attempts out of its JSON', () => {
    const error = new errors.RetriesExhaustedError(details);
    const json = JSON.stringify(error);
    expect(json).not.toMatch(/secret/);
    expect(JSON.parse(json)).toEqual({
      name: 'RetriesExhaustedError',
      code: 'RETRIES_EXHAUSTED',
      message: error.message,
      dependency: 'stock',
      policy: 'retry',
      stoppedBy: 'attempts',
      attempts: 1,
    });
    expect(error.cause).toBe(details.cause);
  });

  test('without a cause has none', () => {
    const { cause: _, ...rest } = details;
    expect(Object.hasOwn(new errors.CircuitOpenError(rest), 'cause')).toBe(false);
  });

  test.each([
    [null],
    [undefined],
    ['CIRCUIT_OPEN'],
    [{ code: 'CIRCUIT_OPEN' }],
    [new Error('x')],
    [() => {}],
  ])('is not what %s is', (value) => expect(isHoldfastError(value)).toBe(false));
});

/** Frames of a caller. */
async function pageOf(call: () => Promise<unknown>) {
  return await loadUser(call);
}
async function loadUser(call: () => Promise<unknown>) {
  return await call();
}

async function timedOut(diagnostics: boolean): Promise<Error> {
  const runtime = { ...testRuntime(), diagnostics };
  const { pipeline, timeout } = withRuntime(runtime);
  const limited = pipeline(timeout(10));
  const page = pageOf(() => limited.call(() => pending));
  runtime.clock.advance(10);
  return page.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );
}

describe('a stack', () => {
  test('is not captured for a refusal', () => {
    const error = errors.withoutStack(errors.CircuitOpenError, details);
    expect(error.stack).not.toMatch(/\n {4}at /);
    expect(Error.stackTraceLimit).toBeGreaterThan(0);
  });

  test('has its old limit again after a constructor that throws', () => {
    const limit = Error.stackTraceLimit;
    class Broken extends Error {
      constructor() {
        super();
        throw new RangeError('in the constructor');
      }
    }
    expect(() => errors.withoutStack(Broken, details)).toThrow('in the constructor');
    expect(Error.stackTraceLimit).toBe(limit);
  });

  test('shows the async frames of the caller where diagnostics are on', async () => {
    const { stack } = await timedOut(true);
    expect(stack).toMatch(/^AttemptTimeoutError: no answer within 10ms/);
    expect(stack).toMatch(/at (async )?loadUser/);
    expect(stack).toMatch(/at (async )?pageOf/);
  });

  test('has no frames where they are off', async () => {
    const { stack } = await timedOut(false);
    expect(stack).toMatch(/^AttemptTimeoutError: no answer within 10ms/);
    expect(stack).not.toMatch(/\n {4}at /);
  });

  test('of an operation’s own error is left alone', async () => {
    const { pipeline, timeout } = withRuntime({ ...testRuntime(), diagnostics: true });
    const own = new Error('down');
    const { stack } = own;
    await expect(pipeline(timeout(10)).call(() => Promise.reject(own))).rejects.toBe(own);
    expect(own.stack).toBe(stack);
  });
});
