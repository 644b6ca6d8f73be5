import { emit } from '../core/events.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Keeper } from './keeper.ts';
import type { IdempotencyStoreWarnedEvent } from './telemetry.ts';

/** A store has few, and nobody reads more. */
const MAX_WARNINGS = 20;

/**
 * Asks the store what endangers its promises, and tells of it. Answers whether the store has answered; never rejects.
 */
export async function startCheck({ guard, runtime }: Keeper): Promise<boolean> {
  try {
    const warnings = await guard.tell('check', (store) => store.check());
    for (const warning of warnings.slice(0, MAX_WARNINGS)) tell(runtime, warning);
    return true;
  } catch {
    return false;
  }
}

/** By an event, or, where nobody listens, by a warning. */
function tell(runtime: Runtime, warning: string): void {
  const { dependency, sink } = runtime;
  if (sink === null) {
    runtime.warn?.(`${dependency}: ${warning}`);
    return;
  }
  emit<IdempotencyStoreWarnedEvent>(runtime, {
    type: 'idempotency.store-warned',
    dependency,
    warning,
  });
}
