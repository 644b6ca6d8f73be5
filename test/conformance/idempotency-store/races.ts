import { describe, expect, test } from 'vitest';
import type { Awaitable } from '../../../packages/holdfast/src/idempotency/awaitable.ts';
import type {
  Claim,
  ClaimRequest,
  Granted,
  IdempotencyStore,
  Owned,
} from '../../../packages/holdfast/src/idempotency/store.ts';
import {
  type Stage,
  type StoreHarness,
  LONG,
  claimOf,
  claimed,
  endLease,
  look,
  rivalOf,
  stageFor,
} from './stage.ts';

const MANY = 100;
const POINT = { name: 'a', value: '1' };

type Write = (store: IdempotencyStore, owned: Owned) => Awaitable<boolean>;

/** What holds however many ask at once, by two handles. */
export function describeRaces(harness: StoreHarness): void {
  describe('of many at once', () => {
    const stage = stageFor(harness);
    oneIsGranted(stage);
    onlyTheOwnerWrites(stage);
  });
}

function oneIsGranted(stage: Stage): void {
  test('one has the key, and the others are told that it is in progress', async () => {
    const request = claimOf();
    const kinds = tally(await race(stage, () => rivalOf(request)));
    expect(kinds).toEqual({ claimed: 1, 'in-progress': MANY - 1 });
  });

  test('one has each key', async () => {
    const keys = Array.from({ length: 10 }, () => claimOf());
    const claims = await race(stage, (at) => rivalOf(keys[at % keys.length]!));
    expect(tally(claims)).toEqual({ claimed: keys.length, 'in-progress': MANY - keys.length });
    for (const [at] of keys.entries()) {
      const ofKey = claims.filter((_, index) => index % keys.length === at);
      expect(tally(ofKey)).toMatchObject({ claimed: 1 });
    }
  });

  test('all of one token have the key', async () => {
    const request = claimOf();
    expect(tally(await race(stage, () => request))).toEqual({ claimed: MANY });
    expect(await stage.store.claim(request)).toMatchObject({ attempt: 1 });
  });

  test('one takes over', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    const claims = await race(stage, () => rivalOf(request, { expired: 'takeover' }));
    expect(tally(claims)).toEqual({ claimed: 1, 'in-progress': MANY - 1 });
    expect(claims.find(({ kind }) => kind === 'claimed')).toMatchObject({ attempt: 2 });
  });

  test('one takes over, with and without a fingerprint', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    const claims = await race(stage, (at) => {
      const fingerprint = at % 2 === 0 ? null : request.fingerprint;
      return rivalOf(request, { expired: 'takeover', fingerprint });
    });
    expect(tally(claims)).toEqual({ claimed: 1, 'in-progress': MANY - 1 });
  });

  test('one reconciles', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    const claims = await race(stage, () => rivalOf(request, { expired: 'reconcile' }));
    expect(tally(claims)).toEqual({ reconcile: 1, 'in-progress': MANY - 1 });
  });

  test('those that ask for something else are told so, or had it first', async () => {
    const request = claimOf();
    const fingerprints = ['one', 'other'];
    const claims = await race(stage, (at) =>
      rivalOf(request, { fingerprint: fingerprints[at % 2]! }),
    );
    expect(tally(claims)).toEqual({
      claimed: 1,
      'in-progress': MANY / 2 - 1,
      mismatch: MANY / 2,
    });
  });
}

function onlyTheOwnerWrites(stage: Stage): void {
  test('one completes: the owner or whoever took over, not both', async () => {
    for (let round = 0; round < 20; round++) {
      const owner = await claimed(stage.store);
      await endLease(stage.store, owner);
      const taker = rivalOf(owner, { expired: 'takeover' });
      const [kept, taken] = await Promise.all([
        stage.store.complete(owner, '"owner"', LONG),
        stage.other.claim(taker),
      ]);
      expect(taken.kind).toBe(kept ? 'completed' : 'claimed');
      expect(await stage.other.complete(taker, '"taker"', LONG)).toBe(!kept);
      const result = kept ? '"owner"' : '"taker"';
      expect(await look(stage.store, owner)).toMatchObject({ kind: 'completed', result });
    }
  });

  test.each([
    ['extends its lease', (store, owner) => store.extend(owner, LONG), 'in-progress'],
    ['keeps a point', (store, owner) => store.checkpoint(owner, POINT, LONG), 'in-progress'],
    ['releases it', (store, owner) => store.release(owner), 'claimed'],
  ] satisfies [string, Write, Claim['kind']][])(
    'one has the key: the owner who %s, or whoever took over, not both',
    async (_what, write, otherwise) => {
      for (let round = 0; round < 20; round++) {
        const owner = await claimed(stage.store);
        await endLease(stage.store, owner);
        const taker = rivalOf(owner, { expired: 'takeover' });
        const taking = round % 2 === 0 ? null : stage.other.claim(taker);
        const writing = write(stage.store, owner);
        const taken = await (taking ?? stage.other.claim(taker));
        const kept = await writing;
        expect(taken.kind).toBe(kept ? otherwise : 'claimed');
        if (taken.kind === 'claimed') expect(taken.attempt).toBe(kept ? 1 : 2);
        const winner = taken.kind === 'claimed' ? taker : owner;
        expect(await stage.other.complete(winner, '1', LONG)).toBe(true);
      }
    },
  );

  test('every recovery point of one owner is kept', async () => {
    const request = await claimed(stage.store);
    const points = Array.from({ length: MANY }, (_, at) => ({ name: `p${at}`, value: `${at}` }));
    const kept = await Promise.all(
      points.map((point, at) => handle(stage, at).checkpoint(request, point, LONG)),
    );
    expect(kept).toEqual(points.map(() => true));
    const { points: found } = (await stage.store.claim(request)) as Granted;
    expect(found).toHaveLength(MANY);
    expect(new Set(found.map(({ name }) => name))).toEqual(new Set(points.map(({ name }) => name)));
  });

  test('one release or result counts', async () => {
    const request = await claimed(stage.store);
    const counted = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        at % 2 === 0
          ? handle(stage, at).release(request)
          : handle(stage, at).complete(request, `${at}`, LONG),
      ),
    );
    expect(counted.filter(Boolean)).toHaveLength(1);
  });
}

const handle = (stage: Stage, at: number) => (at % 3 === 0 ? stage.store : stage.other);

async function race(stage: Stage, request: (at: number) => ClaimRequest): Promise<Claim[]> {
  const requests = Array.from({ length: MANY }, (_, at) => request(at));
  return await Promise.all(requests.map((each, at) => handle(stage, at).claim(each)));
}

function tally(claims: readonly Claim[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of claims) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
