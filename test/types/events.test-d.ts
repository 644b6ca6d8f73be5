import { expectTypeOf, test } from 'vitest';
import type { DependencyOptions, HoldfastEvent, RetryScheduledEvent, Runtime } from 'holdfast';
import type { IdempotencyEvent, IdempotencyOptions } from 'holdfast/idempotency';
import { testRuntime } from 'holdfast/testing';

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

test('one listener will do for a dependency, for an engine, and for all of a runtime', () => {
  expectTypeOf(listen).toExtend<NonNullable<Runtime['sink']>>();
  expectTypeOf<(event: string) => void>().not.toExtend<NonNullable<Runtime['sink']>>();
});

test('what was recorded has the fields of its type', () => {
  const { sink } = testRuntime();
  expectTypeOf(sink.of('retry.scheduled')).toEqualTypeOf<readonly RetryScheduledEvent[]>();
  expectTypeOf(sink.events).toEqualTypeOf<readonly HoldfastEvent[]>();
  // @ts-expect-error: no event has that name
  sink.of('retry.schedule');
});
