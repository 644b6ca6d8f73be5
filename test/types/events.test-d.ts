import { expectTypeOf, test } from 'vitest';
import type { DependencyOptions, HoldfastEvent } from 'holdfast';
import type { IdempotencyEvent, IdempotencyOptions } from 'holdfast/idempotency';

/** Hears dependencies and engines alike. */
function listen(event: HoldfastEvent): void {
  if (event.type === 'idempotency.ended') {
    expectTypeOf(event.duration).toEqualTypeOf<number>();
    expectTypeOf(event.how).toExtend<string>();
  }
  // @ts-expect-error: of which event?
  void event.how;
}

test('events of idempotency are told apart from all others by their type', () => {
  expectTypeOf<IdempotencyEvent>().toExtend<HoldfastEvent>();
  expectTypeOf(listen).toExtend<NonNullable<DependencyOptions['onEvent']>>();
  expectTypeOf(listen).toExtend<NonNullable<IdempotencyOptions['onEvent']>>();
});
