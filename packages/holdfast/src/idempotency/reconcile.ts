import { emit } from '../core/events.ts';
import { show } from '../core/options.ts';
import { hookFailed } from './hook-failed.ts';
import type { OpenRequest } from './idempotency.ts';
import type { Keeper } from './keeper.ts';
import { LeasedExecution } from './leased.ts';
import { Sleep } from './sleep.ts';
import { derivedKey } from './steps.ts';
import { foundResult, jsonOf } from './values.ts';
import type { Granted, Owned } from './store.ts';
import type { IdempotencyReconciledEvent } from './telemetry.ts';

/** Who asks for a key, and what for. */
export interface Asking extends Owned, Pick<OpenRequest, 'key' | 'scope' | 'fingerprint'> {
  readonly encode: OpenRequest['encode'] | undefined;
  /** When the store was asked, at the latest. */
  readonly at: number;
}

/** What came of it: the result that repeats get from now on, or why there is none. */
export type Found = { readonly result: string } | 'nothing-happened' | 'unknown';

/** What it has answered, ready to be kept; or null if it failed. */
type Answered = { readonly result: string } | 'nothing-happened' | 'unknown' | null;

/**
 * Has the user's function find out what became of an execution. It is asked once for a key; what it throws,
 * or what nobody can store, leaves the outcome unknown.
 */
export async function reconcile(keeper: Keeper, asked: Asking, granted: Granted): Promise<Found> {
  keeper.running++;
  const execution = new LeasedExecution(keeper, asked, asked, granted);
  const found = await ask(keeper, asked, granted);
  tell(keeper, found === null ? 'failed' : typeof found === 'string' ? found : 'done');
  if (found === 'nothing-happened') {
    await execution.release();
    return found;
  }
  if (found === null || found === 'unknown') {
    await execution.hold();
    return 'unknown';
  }
  const { kind } = await execution.complete(found.result);
  return kind === 'kept' || kind === 'later' ? found : 'unknown';
}

const jsonOfFound = (found: unknown): string => jsonOf(found, 'the result of reconcile');

/** For a lease at most: by then it hangs. */
async function ask(keeper: Keeper, asked: Asking, granted: Granted): Promise<Answered> {
  const { options, runtime } = keeper;
  const { id, key, scope, encode = jsonOfFound } = asked;
  const { attempt: attempts, points } = granted;
  const keyFor = (name: string) => derivedKey(id, name);
  const limit = new Sleep(runtime.clock, options.lease, undefined, true);
  const hung = limit.over.then(() => {
    throw new Error(`reconcile has not answered within the lease of ${options.lease} ms`);
  });
  try {
    const hook = (async () => await options.reconcile!({ key, scope, attempts, points, keyFor }))();
    const found = await Promise.race([hook, hung]);
    switch (found?.outcome) {
      case 'done':
        return { result: foundResult(found, encode, 'reconcile') };
      case 'nothing-happened':
      case 'unknown':
        return found.outcome;
      default:
        throw new TypeError(`reconcile must answer an outcome, ${OUTCOMES}, got ${show(found)}`);
    }
  } catch (error) {
    hookFailed(keeper, 'reconcile', error);
    return null;
  } finally {
    hung.catch(() => {});
    limit.wake();
  }
}

const OUTCOMES = "'done', 'nothing-happened' or 'unknown'";

function tell({ runtime }: Keeper, outcome: IdempotencyReconciledEvent['outcome']): void {
  const { dependency } = runtime;
  emit<IdempotencyReconciledEvent>(runtime, {
    type: 'idempotency.reconciled',
    dependency,
    outcome,
  });
}
