import { emit } from '../core/events.ts';
import { isHoldfastError } from '../core/errors.ts';
import { show } from '../core/options.ts';
import { IdempotencyStoreError } from './errors.ts';
import type { Settled, Settlement } from './idempotency.ts';
import type { Keeper } from './keeper.ts';
import type { Claim, ClaimRequest, Owned } from './store.ts';
import type { IdempotencySettledEvent } from './telemetry.ts';
import { foundResult } from './values.ts';

/** Each further one needs that a whole lease went by between a claim and the write after it. */
const MOST_TRIES = 3;
/** Milliseconds after which it is worth asking a store again that has failed. */
const SOON = 1000;

/**
 * Settles a key whose outcome is unknown: takes it over, as whoever reconciles does, so that a late owner is not heard
 * any more and one of those who settle wins; then keeps the result or forgets the key. The fingerprint stays as it is,
 * which whoever settles does not know.
 *
 * @param result null for nothing has happened.
 */
export async function settle(
  keeper: Keeper,
  owned: Owned,
  result: string | null,
): Promise<Settled> {
  const { runtime } = keeper;
  const { dependency } = runtime;
  keeper.opening++;
  try {
    const settled = await triedFor(keeper, owned, result);
    const done = result === null ? 'nothing-happened' : 'done';
    const how = settled === 'settled' ? done : settled;
    emit<IdempotencySettledEvent>(runtime, { type: 'idempotency.settled', dependency, how });
    return settled;
  } catch (cause) {
    const retryAfter = Math.max(SOON, isHoldfastError(cause) ? (cause.retryAfter ?? 0) : 0);
    throw new IdempotencyStoreError({ name: dependency, retryAfter, cause });
  } finally {
    keeper.opening--;
    keeper.wake(owned.id);
  }
}

/**
 * What the store is to be told, or null for nothing.
 *
 * @throws TypeError for what is no outcome, or a result that cannot be kept; whatever `encode` throws.
 */
export function resultOf(given: Settlement, encode: (result: unknown) => string): string | null {
  switch (given?.outcome) {
    case 'nothing-happened':
      return null;
    case 'done':
      return foundResult(given, encode, 'settle');
    default: {
      const { outcome } = (given ?? {}) as { outcome?: unknown };
      throw new TypeError(
        `settle must be given an outcome, 'done' or 'nothing-happened', got ${show(outcome)}`,
      );
    }
  }
}

/** No heartbeat is needed: the write counts also after the lease, if nobody else has taken over by then. */
async function triedFor(
  { guard, options }: Keeper,
  { id, token }: Owned,
  result: string | null,
): Promise<Settled> {
  const { lease, retention } = options;
  const expired = 'takeover';
  const request: ClaimRequest = { id, token, fingerprint: null, lease, retention, expired };
  for (let tries = 1; tries <= MOST_TRIES; tries++) {
    const claim = await guard.ask('claim', (store) => store.claim(request));
    if (claim.kind !== 'claimed') {
      // A client that sends a command twice hears of the second one alone.
      return tries > 1 && isDone(claim, result) ? 'settled' : standingOf(claim, guard.store.name);
    }
    const isWritten =
      result === null
        ? await guard.tell('release', (store) => store.release({ id, token }))
        : await guard.tell('complete', (store) => store.complete({ id, token }, result, retention));
    if (isWritten) return 'settled';
  }
  throw new Error('others take this key all the time');
}

function isDone(claim: Claim, result: string | null): boolean {
  if (result === null) return claim.kind === 'absent';
  return claim.kind === 'completed' && claim.result === result;
}

function standingOf({ kind }: Claim, store: string): Settled {
  if (kind === 'absent' || kind === 'completed' || kind === 'in-progress') return kind;
  throw new Error(`the ${store} store has answered '${kind}' to a claim without a fingerprint`);
}
