import { describe, expectTypeOf, test } from 'vitest';
import { type ErrorCode, type HoldfastError, isHoldfastError } from 'holdfast';
import type {
  ConflictReason,
  IdempotencyConflictError,
  IdempotencyMismatchError,
  IdempotencyStoreError,
  LeaseLostError,
} from 'holdfast/idempotency';
import { PROBLEMS } from 'holdfast/node-http';

describe('isHoldfastError', () => {
  test('with a code narrows to the class of that code', (error: unknown = null) => {
    if (isHoldfastError(error, 'IDEMPOTENCY_CONFLICT')) {
      expectTypeOf(error).toExtend<IdempotencyConflictError>();
      expectTypeOf(error.why).toEqualTypeOf<ConflictReason>();
      expectTypeOf(error.code).toEqualTypeOf<'IDEMPOTENCY_CONFLICT'>();
    }
    if (isHoldfastError(error, 'IDEMPOTENCY_MISMATCH')) {
      expectTypeOf(error).toExtend<IdempotencyMismatchError>();
    }
    if (isHoldfastError(error, 'IDEMPOTENCY_STORE')) {
      expectTypeOf(error).toExtend<IdempotencyStoreError>();
    }
    if (isHoldfastError(error, 'LEASE_LOST')) expectTypeOf(error).toExtend<LeaseLostError>();
  });

  test('with a code whose errors say no more narrows the code', (error: unknown = null) => {
    if (!isHoldfastError(error, 'CIRCUIT_OPEN')) return;
    expectTypeOf(error).toExtend<HoldfastError>();
    expectTypeOf(error.code).toEqualTypeOf<'CIRCUIT_OPEN'>();
    expectTypeOf(error).not.toHaveProperty('why');
  });

  test('without a code says no more than all have', (error: unknown = null) => {
    if (!isHoldfastError(error)) return;
    expectTypeOf(error.code).toEqualTypeOf<ErrorCode>();
    // @ts-expect-error: of which code?
    void error.why;
  });
});

test('a problem has its own type and status', () => {
  const { type, status } = PROBLEMS['idempotency-in-progress'];
  expectTypeOf(type).toEqualTypeOf<'urn:holdfast:problem:idempotency-in-progress'>();
  expectTypeOf(status).toEqualTypeOf<409>();
});
