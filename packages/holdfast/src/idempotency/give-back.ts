import type { Awaitable } from './awaitable.ts';
import type { GuardedStore } from './guarded-store.ts';
import type { Keeper } from './keeper.ts';
import { type Asking, reconcile } from './reconcile.ts';
import type { Claim, Owned } from './store.ts';

/** Pauses before the tries double from this, in milliseconds. */
const FIRST_PAUSE = 250;

/**
 * Gives a claim back that was not answered in time, in the background: the store may have granted it, and nothing was done
 * under it. A claim that is granted after all tries is tried again: until a commit that waits for a standby is over,
 * nobody sees it, however long that takes.
 *
 * @param claim what the store was asked.
 */
export function giveBack(keeper: Keeper, asking: Asking, claim: Awaitable<Claim>): void {
  const tried = triedInBackground(keeper, asking);
  const again = async ({ kind }: Claim): Promise<void> => {
    const isGranted = kind === 'claimed' || kind === 'reconcile';
    if (isGranted && !(await tried)) await triedInBackground(keeper, asking);
  };
  void Promise.resolve(claim).then(again, () => {});
}

/** Whether it is given back by now. */
function triedInBackground(keeper: Keeper, asking: Asking): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const isBegun = keeper.inBackground(async () => resolve(await tryToGiveBack(keeper, asking)));
  if (!isBegun) resolve(false);
  return promise;
}

/**
 * Tries until it is given back, or the store has said twice that it is not ours, since the claim may still be on its way;
 * at most for some leases. No process stays for it: a lease runs out all the same.
 */
async function tryToGiveBack(keeper: Keeper, asking: Asking): Promise<boolean> {
  const { lease } = keeper.options;
  let misses = 0;
  for (let pause = FIRST_PAUSE; misses < 2 && pause < 2 * lease; pause *= 2) {
    if (!(await keeper.pause(pause, true))) break;
    const isGone = await orNull(async () => giveBackNow(keeper, asking));
    if (isGone === true) return true;
    if (isGone === false) misses++;
  }
  return false;
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
