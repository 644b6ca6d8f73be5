import { describe, expect, test, vi } from 'vitest';
import {
  type Stage,
  type StoreHarness,
  LONG,
  SHORT,
  claimed,
  endLease,
  leaseOver,
  look,
  passed,
  rivalOf,
  stageFor,
  until,
} from './stage.ts';

const IN_PROGRESS = { kind: 'in-progress', leaseLeft: expect.any(Number) as number };

/** What time does, by the store's own clock. */
export function describeExpiry(harness: StoreHarness): void {
  describe('a lease', () => {
    endsLeases(stageFor(harness));
  });

  describe('a record that has expired', () => {
    const stage = stageFor(harness);
    forgetsWithoutReaping(stage);
    keepsAtLeastAsLongAsTheLease(stage);
  });

  describe('reaping', () => {
    reaps(harness.reaps, stageFor(harness));
  });

  describe('a store', () => {
    const stage = stageFor(harness);

    test('says what endangers its promises in sentences, or nothing', async () => {
      for (const warning of await stage.store.check()) expect(warning).toMatch(/^[A-Z`].*\.$/s);
    });

    test('has a name', () => {
      expect(stage.store.name).toMatch(/^[a-z]+$/);
    });

    test('can be closed more than once', async () => {
      await stage.store.close();
      await stage.store.close();
    });
  });
}

function endsLeases(stage: Stage): void {
  test('runs out by itself, and then nobody knows what happened', async () => {
    const request = await claimed(stage.store, { lease: SHORT });
    await leaseOver(stage.other, request);
    const next = rivalOf(request, { expired: 'takeover' });
    expect(await stage.other.claim(next)).toEqual({ kind: 'claimed', attempt: 2, points: [] });
    expect(await stage.store.complete(request, '1', LONG)).toBe(false);
  });

  test.each(['ahead', 'behind'])(
    'runs by the clock of the store, of whose askers one is far %s',
    async (where) => {
      const off = (where === 'ahead' ? 10 : -10) * LONG;
      const request = await claimed(stage.store);
      const theirs = await askedAt(off, () => claimed(stage.other));
      expect(await askedAt(off, () => look(stage.other, request))).toEqual(IN_PROGRESS);
      expect(await look(stage.store, theirs)).toEqual(IN_PROGRESS);
      for (const owned of [request, theirs]) {
        expect(await askedAt(off, async () => stage.other.extend(owned, SHORT))).toBe(true);
        await leaseOver(stage.store, owned);
        const point = { name: 'a', value: '1' };
        expect(await askedAt(off, async () => stage.other.checkpoint(owned, point, LONG))).toBe(
          true,
        );
        expect(await look(stage.store, owned)).toEqual(IN_PROGRESS);
        expect(await askedAt(off, async () => stage.other.complete(owned, '1', LONG))).toBe(true);
        expect(await look(stage.store, owned)).toMatchObject({ kind: 'completed' });
      }
    },
  );

  test('of whoever took over runs out too', async () => {
    const request = await claimed(stage.store);
    for (const expired of ['takeover', 'reconcile'] as const) {
      await endLease(stage.store, request);
      const next = rivalOf(request, { expired, lease: SHORT });
      await stage.other.claim(next);
      await leaseOver(stage.store, next);
      await stage.store.claim(rivalOf(request, { expired: 'takeover', token: request.token }));
    }
  });

  test('is as long as it was last extended to', async () => {
    const request = await claimed(stage.store);
    expect(await stage.store.extend(request, SHORT)).toBe(true);
    await leaseOver(stage.other, request);
    expect(await stage.store.checkpoint(request, { name: 'a', value: '1' }, SHORT)).toBe(true);
    await leaseOver(stage.other, request);
    expect(await stage.store.complete(request, '"late, but nobody else"', LONG)).toBe(true);
    expect(await look(stage.other, request)).toMatchObject({ kind: 'completed' });
  });
}

/** Asks as a process would whose clock is off by so many milliseconds. */
async function askedAt<T>(off: number, ask: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + off });
  try {
    return await ask();
  } finally {
    vi.useRealTimers();
  }
}

function forgetsWithoutReaping(stage: Stage): void {
  test('is as if it had never been: with a result', async () => {
    const request = await claimed(stage.store);
    await stage.store.complete(request, '1', SHORT);
    const other = rivalOf(request, { fingerprint: 'something-else' });
    const claim = await until(
      'the expiry of a result',
      async () => stage.other.claim(other),
      ({ kind }) => kind !== 'mismatch',
    );
    expect(claim).toEqual({ kind: 'claimed', attempt: 1, points: [] });
  });

  test('is as if it had never been: without one', async () => {
    const request = await claimed(stage.store, { lease: SHORT, retention: SHORT });
    await stage.store.checkpoint(request, { name: 'a', value: '1' }, 0);
    const other = rivalOf(request, { fingerprint: 'something-else' });
    const claim = await until(
      'the expiry of an unfinished record',
      async () => stage.other.claim(other),
      ({ kind }) => kind !== 'mismatch',
    );
    expect(claim).toEqual({ kind: 'claimed', attempt: 1, points: [] });
  });

  test('is absent for who knows no fingerprint', async () => {
    const brief = await claimed(stage.store, { lease: SHORT, retention: SHORT });
    const unaware = rivalOf(brief, { expired: 'refuse', fingerprint: null });
    const claim = await until(
      'the expiry of an unfinished record',
      async () => stage.other.claim(unaware),
      ({ kind }) => kind === 'absent',
    );
    expect(claim).toEqual({ kind: 'absent' });
  });

  test('can be reconciled anew once it is another', async () => {
    const first = await claimed(stage.store);
    await endLease(stage.store, first);
    const brief = { expired: 'reconcile', lease: SHORT, retention: SHORT } as const;
    expect(await stage.store.claim(rivalOf(first, brief))).toMatchObject({ kind: 'reconcile' });
    await passed(stage.store, SHORT);
    await endLease(stage.store, await claimed(stage.store, { id: first.id, token: first.token }));
    expect(await stage.store.claim(rivalOf(first, brief))).toMatchObject({ kind: 'reconcile' });
  });

  test('is nobody\u2019s any more', async () => {
    const brief = { lease: SHORT, retention: SHORT };
    const requests = [];
    for (let i = 0; i < 5; i++) requests.push(await claimed(stage.store, brief));
    await passed(stage.store, SHORT);
    const [first, second, third, fourth, fifth] = requests;
    expect(await stage.store.extend(first!, LONG)).toBe(false);
    expect(await stage.store.checkpoint(second!, { name: 'a', value: '1' }, LONG)).toBe(false);
    expect(await stage.store.complete(third!, '1', LONG)).toBe(false);
    expect(await stage.store.release(fourth!)).toBe(false);
    await claimed(stage.store, { id: fifth!.id, token: fifth!.token });
  });

  test('was kept for as long as the last grant asked for', async () => {
    const request = await claimed(stage.store, { lease: SHORT, retention: SHORT });
    expect(await stage.store.claim({ ...request, retention: LONG })).toMatchObject({ attempt: 1 });
    await passed(stage.store, SHORT);
    expect(await look(stage.store, request)).toEqual({ kind: 'unknown' });
  });
}

function keepsAtLeastAsLongAsTheLease(stage: Stage): void {
  test('has no lease that runs: extending it keeps the record', async () => {
    const request = await claimed(stage.store, { lease: SHORT, retention: SHORT * 10 });
    expect(await stage.store.extend(request, LONG)).toBe(true);
    await passed(stage.store, SHORT * 10);
    expect(await look(stage.other, request)).toEqual(IN_PROGRESS);
  });

  test('has no lease that runs: a recovery point keeps the record', async () => {
    const request = await claimed(stage.store, { lease: SHORT, retention: SHORT * 10 });
    expect(await stage.store.checkpoint(request, { name: 'a', value: '1' }, LONG)).toBe(true);
    await passed(stage.store, SHORT * 10);
    expect(await look(stage.other, request)).toEqual(IN_PROGRESS);
  });

  test('was not forgotten sooner for a lease that was cut short', async () => {
    const request = await claimed(stage.store);
    await stage.store.extend(request, SHORT);
    await passed(stage.store, SHORT);
    expect(await look(stage.other, request)).toEqual({ kind: 'unknown' });
  });
}

function reaps(deletes: boolean, stage: Stage): void {
  test('takes what has expired in batches of the size asked for, and nothing else', async () => {
    const live = await claimed(stage.store);
    const over = await claimed(stage.store);
    const done = await claimed(stage.store);
    await endLease(stage.store, over);
    await stage.store.complete(done, '1', LONG);
    const expired = { lease: SHORT, retention: SHORT };
    for (let i = 0; i < 4; i++) await claimed(stage.store, expired);
    await stage.store.complete(await claimed(stage.store), '1', SHORT);
    await passed(stage.store, SHORT);

    const counts = [
      await stage.other.reap(2),
      await stage.store.reap(2),
      await stage.store.reap(2),
    ];
    for (const count of counts) expect(count).toBeLessThanOrEqual(2);
    // Of those that others left behind in the same place there may be more.
    if (deletes) expect(counts[0]! + counts[1]! + counts[2]!).toBeGreaterThanOrEqual(5);
    else expect(counts).toEqual([0, 0, 0]);
    while ((await stage.store.reap(100)) > 0);

    expect(await look(stage.other, live)).toMatchObject({ kind: 'in-progress' });
    expect(await look(stage.other, over)).toEqual({ kind: 'unknown' });
    expect(await look(stage.other, done)).toMatchObject({ kind: 'completed' });
  });

  test('finds nothing where nothing has expired', async () => {
    while ((await stage.store.reap(100)) > 0);
    await claimed(stage.store);
    expect(await stage.store.reap(100)).toBe(0);
  });
}
