import { describe, expect, test } from 'vitest';
import type {
  ClaimRequest,
  IdempotencyStore,
} from '../../../packages/holdfast/src/idempotency/store.ts';
import {
  type Stage,
  type StoreHarness,
  KINDS,
  LONG,
  claimOf,
  claimed,
  endLease,
  look,
  rivalOf,
  stageFor,
  unique,
} from './stage.ts';

/** Each state of a record that a claim can meet, and how a key comes to be in it. */
const STATES: Readonly<
  Record<string, (store: IdempotencyStore, request: ClaimRequest) => unknown>
> = {
  'in progress': async () => {},
  completed: (store, request) => store.complete(request, '"done"', LONG),
  'in progress, its lease over': (store, request) => endLease(store, request),
  'reconciled, its lease running': reconcile,
  'reconciled, its lease over': async (store, request) =>
    endLease(store, await reconcile(store, request)),
};

const POINT = { name: 'charged', value: '{"id":1}' };
const IN_PROGRESS = { kind: 'in-progress', leaseLeft: expect.any(Number) as number };
const COMPLETED = {
  kind: 'completed',
  result: '"done"',
  expiresIn: expect.any(Number) as number,
};
const UNKNOWN = { kind: 'unknown' };
const TAKEN = { kind: 'claimed', attempt: 2, points: [POINT] };
const TO_RECONCILE = { kind: 'reconcile', attempt: 1, points: [POINT] };

/** What each kind of claim is answered in each state, in the order of `KINDS`. */
const ANSWERS: Readonly<Record<string, readonly object[]>> = {
  'in progress': [IN_PROGRESS, IN_PROGRESS, IN_PROGRESS],
  completed: [COMPLETED, COMPLETED, COMPLETED],
  'in progress, its lease over': [UNKNOWN, TAKEN, TO_RECONCILE],
  'reconciled, its lease running': [IN_PROGRESS, IN_PROGRESS, IN_PROGRESS],
  'reconciled, its lease over': [UNKNOWN, TAKEN, UNKNOWN],
};

/** What a claim is answered, in every state. */
export function describeClaims(harness: StoreHarness): void {
  describe('a claim', () => {
    const stage = stageFor(harness);

    for (const [state, arrive] of Object.entries(STATES)) {
      test.each(KINDS.map((kind, at) => ({ kind, expected: ANSWERS[state]![at]! })))(
        `of a key that is ${state}, with $kind`,
        async ({ kind, expected }) => {
          const request = await withPoint(stage.store);
          await arrive(stage.store, request);
          expect(await stage.other.claim(rivalOf(request, { expired: kind }))).toEqual(expected);
        },
      );

      test.each(KINDS.map((kind, at) => ({ kind, expected: ANSWERS[state]![at]! })))(
        `without a fingerprint is answered the same if the key is ${state}, with $kind`,
        async ({ kind, expected }) => {
          const request = await withPoint(stage.store);
          await arrive(stage.store, request);
          const unaware = rivalOf(request, { expired: kind, fingerprint: null });
          expect(await stage.other.claim(unaware)).toEqual(expected);
        },
      );

      test.each(KINDS)(
        `for something else is a mismatch if the key is ${state}, with %s`,
        async (kind) => {
          const request = await withPoint(stage.store);
          await arrive(stage.store, request);
          const before = await look(stage.store, request);
          const wrong = rivalOf(request, { expired: kind, fingerprint: 'something-else' });
          expect(await stage.other.claim(wrong)).toEqual({ kind: 'mismatch' });
          expect(await stage.other.claim(wrong)).toEqual({ kind: 'mismatch' });
          expect(await look(stage.store, request)).toMatchObject({ kind: before.kind });
        },
      );
    }

    takesFreeKeys(stage);
    knowsNoFingerprint(stage);
    countsTakeovers(stage);
  });

  describe('a claim that is made again by the same token', () => {
    repeats(stageFor(harness));
  });
}

function takesFreeKeys(stage: Stage): void {
  test('of a key that nobody has is granted, for the first time', async () => {
    for (const expired of KINDS) await claimed(stage.store, { expired });
  });

  test('is of one key alone, whatever its characters', async () => {
    const id = `-_${unique()}${unique()}`.slice(0, 63);
    for (const last of 'aAbB-_09') {
      const token = `_-${unique()}${unique()}`.slice(0, 64);
      const fingerprint = `--${unique()}${unique()}`.slice(0, 64);
      await claimed(stage.store, { id: id + last, token, fingerprint });
    }
  });

  test('says how long the lease runs yet', async () => {
    const request = await claimed(stage.store, { lease: LONG, retention: 2 * LONG });
    const { leaseLeft } = (await look(stage.other, request)) as { leaseLeft: number };
    expect(leaseLeft).toBeGreaterThan(LONG / 2);
    expect(leaseLeft).toBeLessThanOrEqual(LONG);
  });

  test('says how long the result is kept yet', async () => {
    const request = await claimed(stage.store);
    await stage.store.complete(request, '1', 2 * LONG);
    const { expiresIn } = (await look(stage.other, request)) as { expiresIn: number };
    expect(expiresIn).toBeGreaterThan(LONG);
    expect(expiresIn).toBeLessThanOrEqual(2 * LONG);
  });
}

function knowsNoFingerprint(stage: Stage): void {
  test.each(KINDS)('without a fingerprint leaves a key that nobody has, with %s', async (kind) => {
    const unaware = claimOf({ expired: kind, fingerprint: null });
    expect(await stage.store.claim(unaware)).toEqual({ kind: 'absent' });
    await claimed(stage.other, { id: unaware.id });
  });

  test('without a fingerprint leaves the record the one that it has', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    const unaware = rivalOf(request, { expired: 'takeover', fingerprint: null });
    for (const store of [stage.store, stage.other]) {
      expect(await store.claim(unaware)).toEqual({ kind: 'claimed', attempt: 2, points: [] });
    }
    const wrong = { ...request, fingerprint: 'something-else' };
    expect(await look(stage.other, wrong)).toEqual({ kind: 'mismatch' });
    expect(await stage.store.complete(request, '"late"', LONG)).toBe(false);
    expect(await stage.store.complete(unaware, '"done"', LONG)).toBe(true);
    expect(await look(stage.other, wrong)).toEqual({ kind: 'mismatch' });
    expect(await look(stage.other, request)).toEqual(COMPLETED);
  });
}

function countsTakeovers(stage: Stage): void {
  test('counts each takeover, and keeps what the ones before have recorded', async () => {
    const points = [];
    let owner = await claimed(stage.store);
    for (const attempt of [2, 3, 4]) {
      const point = { name: `step ${attempt}`, value: String(attempt) };
      points.push(point);
      await stage.store.checkpoint(owner, point, 0);
      owner = rivalOf(owner, { expired: 'takeover' });
      expect(await stage.other.claim(owner)).toEqual({ kind: 'claimed', attempt, points });
    }
  });

  test('to reconcile is granted once for each record, takeovers or not', async () => {
    const first = await claimed(stage.store);
    await endLease(stage.store, first);
    const reconciler = await reconcile(stage.store, first);
    await endLease(stage.store, reconciler);
    const third = rivalOf(first, { expired: 'takeover' });
    expect(await stage.store.claim(third)).toMatchObject({ kind: 'claimed', attempt: 2 });
    await endLease(stage.store, third);
    expect(await stage.other.claim(rivalOf(first, { expired: 'reconcile' }))).toEqual(UNKNOWN);
  });

  test('to reconcile may be granted anew once the key was forgotten', async () => {
    const first = await claimed(stage.store);
    const reconciler = await reconcile(stage.store, first);
    expect(await stage.store.release(reconciler)).toBe(true);
    await reconcile(stage.store, await claimed(stage.store, { id: first.id }));
  });

  test('that was granted gives a lease that runs, by takeover and to reconcile', async () => {
    for (const expired of ['takeover', 'reconcile'] as const) {
      const request = await claimed(stage.store);
      await endLease(stage.store, request);
      await stage.store.claim(rivalOf(request, { expired }));
      expect(await look(stage.other, request)).toEqual(IN_PROGRESS);
    }
  });
}

function repeats(stage: Stage): void {
  test('is granted as before', async () => {
    const request = await withPoint(stage.store);
    const again = { kind: 'claimed', attempt: 1, points: [POINT] };
    for (const expired of KINDS) {
      expect(await stage.other.claim({ ...request, expired })).toEqual(again);
    }
  });

  test('is granted as before after a takeover', async () => {
    const request = await withPoint(stage.store);
    await endLease(stage.store, request);
    const taker = rivalOf(request, { expired: 'takeover' });
    expect(await stage.store.claim(taker)).toEqual(TAKEN);
    expect(await stage.other.claim(taker)).toEqual(TAKEN);
  });

  // As `claimed` it would say that the work may be done, which nobody has found out.
  test('is to reconcile again if it was that', async () => {
    const request = await withPoint(stage.store);
    const reconciler = await reconcile(stage.store, request);
    expect(await stage.other.claim(reconciler)).toEqual(TO_RECONCILE);
    await endLease(stage.store, reconciler);
    expect(await stage.other.claim(reconciler)).toEqual(TO_RECONCILE);
  });

  test('is granted whatever it is said to be for', async () => {
    const request = await claimed(stage.store);
    const other = { ...request, fingerprint: 'something-else' };
    expect(await stage.store.claim(other)).toMatchObject({ kind: 'claimed', attempt: 1 });
    expect(await look(stage.store, request)).toEqual(IN_PROGRESS);
  });

  test('begins the lease again', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    expect(await stage.store.claim(request)).toMatchObject({ kind: 'claimed', attempt: 1 });
    expect(await look(stage.store, request)).toEqual(IN_PROGRESS);
  });

  test('is one like any other once the result is kept', async () => {
    const request = await claimed(stage.store);
    await stage.store.complete(request, '"done"', LONG);
    expect(await stage.store.claim(request)).toEqual(COMPLETED);
  });

  test('is refused once another has taken over', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    await stage.other.claim(rivalOf(request, { expired: 'takeover' }));
    expect(await stage.store.claim(request)).toEqual(IN_PROGRESS);
  });
}

async function withPoint(store: IdempotencyStore): Promise<ClaimRequest> {
  const request = claimOf();
  await store.claim(request);
  expect(await store.checkpoint(request, POINT, LONG)).toBe(true);
  return request;
}

/** Whoever was granted to reconcile this key. */
async function reconcile(store: IdempotencyStore, request: ClaimRequest): Promise<ClaimRequest> {
  await store.extend(request, 0);
  const reconciler = rivalOf(request, { expired: 'reconcile' });
  expect(await store.claim(reconciler)).toMatchObject({ kind: 'reconcile' });
  return reconciler;
}
