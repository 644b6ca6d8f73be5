import { emit } from '../core/events.ts';
import type { OpenRequest, Reconciled } from './idempotency.ts';
import type { Keeper } from './keeper.ts';
import { LeasedExecution } from './leased.ts';
import { Sleep } from './sleep.ts';
import { jsonOf } from './values.ts';
import type { Granted, Owned } from './store.ts';
import type { IdempotencyReconciledEvent } from './telemetry.ts';

const OUTCOMES: ReadonlySet<string> = new Set(['done', 'nothing-happened', 'unknown']);

/** Who asks for a key, and what for. */
export interface Asking extends Owned, Pick<OpenRequest, 'key' | 'scope' | 'fingerprint'> {
  readonly encode: OpenRequest['encode'] | undefined;
  /** When the store was asked, at the latest. */
  readonly at: number;
}

/** What came of it: the result that repeats get from now on, or why there is none. */
export type Found = { readonly result: string } | 'nothing-happened' | 'unknown';

/**
 * Has the user's function find out what became of an execution. It is asked once for a key; what it throws,
 * or what nobody can store, leaves the outcome unknown.
 */
export async function reconcile(keeper: Keeper, asked: Asking, granted: Granted): Promise<Found> {
  keeper.running++;
  const execution = new LeasedExecution(keeper, asked, asked, granted);
  const { key, scope, encode = jsonOfFound } = asked;
  const { attempt: attempts, points } = granted;
  const found = await ask(keeper, { key, scope, attempts, points });
  tell(keeper, found === null ? 'failed' : found.outcome);
  if (found?.outcome === 'nothing-happened') {
    await execution.release();
    return 'nothing-happened';
  }
  if (found?.outcome === 'done') {
    try {
      const result = encode(found.result);
      const { kind } = await execution.complete(result);
      return kind === 'kept' || kind === 'later' ? { result } : 'unknown';
    } catch {
      // It is no JSON: nobody can be told what it was.
    }
  }
  await execution.hold();
  return 'unknown';
}

const jsonOfFound = (found: unknown): string => jsonOf(found, 'reconcile');

/** For a lease at most: by then it hangs. */
async function ask(
  { options, runtime }: Keeper,
  unfinished: Parameters<NonNullable<Keeper['options']['reconcile']>>[0],
): Promise<Reconciled | null> {
  const limit = new Sleep(runtime.clock, options.lease, undefined, true);
  try {
    const hook = (async () => await options.reconcile!(unfinished))();
    const found = await Promise.race([hook, limit.over]);
    return found !== undefined && OUTCOMES.has(found?.outcome) ? found : null;
  } catch {
    return null;
  } finally {
    limit.wake();
  }
}

function tell({ runtime }: Keeper, outcome: IdempotencyReconciledEvent['outcome']): void {
  const { dependency } = runtime;
  emit<IdempotencyReconciledEvent>(runtime, {
    type: 'idempotency.reconciled',
    dependency,
    outcome,
  });
}
