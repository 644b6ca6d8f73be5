import type { Awaitable } from './awaitable.ts';
import type { GuardedStore } from './guarded-store.ts';
import type { Keeper } from './keeper.ts';
import { type Asking, reconcile } from './reconcile.ts';
import type { Owned } from './store.ts';

/** Pauses before the tries double from this, in milliseconds. */
const FIRST_PAUSE = 250;

/**
 * Gives a claim back that was not answered, in the background: the store may have granted it, and nothing was done
 * under it. Tries until it is given back, or the store has said twice that it is not ours, since the claim may still be
 * on its way; at most for some leases. No process stays for it: a lease runs out all the same.
 */
export function giveBack(keeper: Keeper, asking: Asking): void {
  const { lease } = keeper.options;
  keeper.inBackground(async () => {
    let misses = 0;
    for (let pause = FIRST_PAUSE; misses < 2 && pause < 2 * lease; pause *= 2) {
      if (!(await keeper.pause(pause, true))) return;
      const isGone = await orNull(async () => giveBackNow(keeper, asking));
      if (isGone === true) return;
      if (isGone === false) misses++;
    }
  });
}

/**
 * Whether the claim had been granted. A key that may have been taken over is claimed again first, to know that:
 * nothing was done by us, but nobody knows what was done before.
 */
async function giveBackNow(keeper: Keeper, asking: Asking): Promise<boolean> {
  const { guard, options, runtime } = keeper;
  const { lease, retention } = options;
  const { id, token, fingerprint } = asking;
  let attempt = 1;
  if (keeper.onExpired !== 'refuse') {
    const again = { id, token, fingerprint, lease, retention, expired: 'refuse' } as const;
    const at = runtime.clock.now();
    const claim = await guard.tell('claim', (store) => store.claim(again));
    if (claim.kind === 'reconcile') {
      await reconcile(keeper, { ...asking, at }, claim);
      return true;
    }
    if (claim.kind !== 'claimed') return false;
    attempt = claim.attempt;
  }
  return letGo(guard, { id, token }, attempt);
}

/** Nothing was done under a grant. What was taken over from another stays unknown. */
export function letGo(guard: GuardedStore, owned: Owned, attempt: number): Awaitable<boolean> {
  return attempt > 1
    ? guard.tell('extend', (store) => store.extend(owned, 0))
    : guard.tell('release', (store) => store.release(owned));
}

/** Null where the store could not be told. */
export async function orNull<T>(tell: () => Awaitable<T>): Promise<T | null> {
  try {
    return await tell();
  } catch {
    return null;
  }
}
