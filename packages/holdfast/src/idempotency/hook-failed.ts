import { emit } from '../core/events.ts';
import { show } from '../core/options.ts';
import type { Keeper } from './keeper.ts';
import type { IdempotencyHookFailedEvent } from './telemetry.ts';

/** What comes of a function that has failed. */
const SO: Readonly<Record<IdempotencyHookFailedEvent['hook'], string>> = {
  storeResult: 'the outcome is held as unknown',
  reconcile: 'the outcome is held as unknown',
  tenant: 'the request is refused',
  fingerprintBody: 'the request is refused',
};

/** A function of the options has failed: by an event, or, where nobody listens, once by a warning. */
export function hookFailed(
  keeper: Keeper,
  hook: IdempotencyHookFailedEvent['hook'],
  thrown: unknown,
): void {
  const error = faultOf(hook, thrown);
  const { runtime } = keeper;
  const { dependency } = runtime;
  if (runtime.sink !== null) {
    const type = 'idempotency.hook-failed';
    emit<IdempotencyHookFailedEvent>(runtime, { type, dependency, hook, error });
    return;
  }
  if (keeper.warnedOf.has(hook)) return;
  keeper.warnedOf.add(hook);
  const why = error instanceof Error ? error.message : show(error);
  runtime.warn?.(`${dependency}: ${hook} failed, so ${SO[hook]}: ${why}`);
}

/** What a function of the options threw, or that it threw nothing. */
export function faultOf(hook: IdempotencyHookFailedEvent['hook'], thrown: unknown): unknown {
  return thrown ?? new Error(`${hook} threw ${thrown}`);
}
