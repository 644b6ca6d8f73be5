import { describe, expect, test } from 'vitest';
import type { Awaitable } from '../../../packages/holdfast/src/idempotency/awaitable.ts';
import type {
  IdempotencyStore,
  Owned,
  RecoveryPoint,
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

type Write = (store: IdempotencyStore, owned: Owned) => Awaitable<boolean>;

const WRITES: readonly (readonly [string, Write])[] = [
  ['extend', (store, owned) => store.extend(owned, 2 * LONG)],
  ['checkpoint', (store, owned) => store.checkpoint(owned, { name: 'x', value: '0' }, 2 * LONG)],
  ['complete', (store, owned) => store.complete(owned, '"theirs"', LONG)],
  ['release', (store, owned) => store.release(owned)],
];

const IN_PROGRESS = { kind: 'in-progress', leaseLeft: expect.any(Number) as number };

/** JSON that a store could get wrong. */
const RESULTS: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['null', 'null'],
  ['unicode', JSON.stringify('żółć 日本語 👩‍👩‍👧‍👦 \u2028 \uFEFF')],
  ['quotes and backslashes', JSON.stringify(`it's "quoted" \\ \`so\` $1 ? :id {} -- ;`)],
  ['escaped control characters', JSON.stringify('\u0000\u0001\n\r\t\ud800')],
  ['line ends', '{\r\n\t"a": 1\n}\n'],
  ['what looks like a number', '12345678901234567890.10'],
  ['1 MB', JSON.stringify('é'.repeat(512 * 1024))],
];

/** Who may write, and what comes of it. */
export function describeWrites(harness: StoreHarness): void {
  describe('a write', () => {
    const stage = stageFor(harness);
    countsOnlyFromTheOwner(stage);
    changesWhatItSays(stage);
  });

  describe('recovery points', () => {
    keepPoints(stageFor(harness));
  });

  describe('a result', () => {
    const stage = stageFor(harness);
    test.each(RESULTS)('comes back as it was given: %s', async (_what, result) => {
      const request = await claimed(stage.store);
      expect(await stage.store.complete(request, result, LONG)).toBe(true);
      expect(await look(stage.other, request)).toMatchObject({ kind: 'completed', result });
    });

    test('is the first that was kept', async () => {
      const request = await claimed(stage.store);
      expect(await stage.store.complete(request, '"first"', LONG)).toBe(true);
      expect(await stage.store.complete(request, '"second"', LONG)).toBe(false);
      expect(await look(stage.other, request)).toMatchObject({ result: '"first"' });
    });
  });
}

function countsOnlyFromTheOwner(stage: Stage): void {
  test.each(WRITES)('of whose key it is counts: %s', async (_name, write) => {
    expect(await write(stage.store, await claimed(stage.store))).toBe(true);
    expect(await write(stage.other, await claimed(stage.store))).toBe(true);
  });

  test.each(WRITES)('still counts when the lease is over: %s', async (_name, write) => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    expect(await look(stage.other, request)).toEqual({ kind: 'unknown' });
    expect(await write(stage.store, request)).toBe(true);
  });

  test.each(WRITES)('by a stranger changes nothing: %s', async (_name, write) => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    expect(await write(stage.other, rivalOf(request))).toBe(false);
    expect(await look(stage.store, request)).toEqual({ kind: 'unknown' });
    const next = rivalOf(request, { expired: 'takeover' });
    expect(await stage.store.claim(next)).toEqual({ kind: 'claimed', attempt: 2, points: [] });
  });

  test.each(WRITES)('by a late writer changes nothing: %s', async (_name, write) => {
    const late = await claimed(stage.store);
    await endLease(stage.store, late);
    const owner = rivalOf(late, { expired: 'takeover' });
    expect(await stage.other.claim(owner)).toMatchObject({ kind: 'claimed' });
    await endLease(stage.other, owner);
    expect(await write(stage.store, late)).toBe(false);
    const again = { kind: 'claimed', attempt: 2, points: [] };
    expect(await look(stage.other, owner)).toEqual({ kind: 'unknown' });
    expect(await stage.other.claim(owner)).toEqual(again);
  });

  test.each(WRITES)('to a key that nobody has does nothing: %s', async (_name, write) => {
    const request = claimOf();
    expect(await write(stage.store, request)).toBe(false);
    await claimed(stage.store, request);
  });

  test.each(WRITES)('to what is completed changes nothing: %s', async (_name, write) => {
    const request = await claimed(stage.store);
    await stage.store.complete(request, '"ours"', LONG);
    expect(await write(stage.store, request)).toBe(false);
    expect(await write(stage.other, rivalOf(request))).toBe(false);
    const { result, expiresIn } = (await look(stage.other, request)) as Record<string, unknown>;
    expect(result).toBe('"ours"');
    expect(expiresIn).toBeLessThanOrEqual(LONG);
  });

  test.each(WRITES)('to what was released does nothing: %s', async (_name, write) => {
    const request = await claimed(stage.store);
    expect(await stage.store.release(request)).toBe(true);
    expect(await write(stage.store, request)).toBe(false);
    await claimed(stage.other, { id: request.id });
  });
}

function changesWhatItSays(stage: Stage): void {
  test('extends the lease from now on, and may shorten it', async () => {
    const request = await claimed(stage.store);
    for (const lease of [10 * LONG, LONG]) {
      expect(await stage.store.extend(request, lease)).toBe(true);
      const { leaseLeft } = (await look(stage.other, request)) as { leaseLeft: number };
      expect(leaseLeft).toBeGreaterThan(lease / 2);
      expect(leaseLeft).toBeLessThanOrEqual(lease);
    }
  });

  test('that ends the lease is seen at once, and can be taken back', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    expect(await look(stage.other, request)).toEqual({ kind: 'unknown' });
    expect(await stage.store.extend(request, LONG)).toBe(true);
    expect(await look(stage.other, request)).toEqual(IN_PROGRESS);
  });

  test('of a recovery point extends the lease, or ends it', async () => {
    const request = await claimed(stage.store);
    await endLease(stage.store, request);
    const point = { name: 'a', value: '1' };
    expect(await stage.store.checkpoint(request, point, LONG)).toBe(true);
    expect(await look(stage.other, request)).toEqual(IN_PROGRESS);
    expect(await stage.store.checkpoint(request, point, 0)).toBe(true);
    expect(await look(stage.other, request)).toEqual({ kind: 'unknown' });
  });

  test('that releases makes the key as if nothing had happened', async () => {
    const request = await claimed(stage.store);
    await stage.store.checkpoint(request, { name: 'a', value: '1' }, 0);
    await stage.store.claim(rivalOf(request, { expired: 'takeover', token: 'second' }));
    expect(await stage.store.release({ id: request.id, token: 'second' })).toBe(true);
    await claimed(stage.other, { id: request.id, fingerprint: 'something-else' });
  });
}

/** `z1` is the recovery point `z` with the value 1. */
function pointOf(text: string): RecoveryPoint {
  return { name: text[0]!, value: text[1]! };
}

function keepPoints(stage: Stage): void {
  const pointsOf = async (owned: Owned): Promise<readonly RecoveryPoint[]> => {
    const claim = await stage.other.claim(claimOf(owned));
    return (claim as { points: readonly RecoveryPoint[] }).points;
  };

  test('come in the order in which they were first kept, each with its last value', async () => {
    const { id, token } = await claimed(stage.store);
    for (const point of ['z1', 'a1', 'm1', 'a2', 'z2', '01', '10'].map(pointOf)) {
      expect(await stage.store.checkpoint({ id, token }, point, LONG)).toBe(true);
    }
    const expected = ['z2', 'a2', 'm1', '01', '10'].map(pointOf);
    expect(await pointsOf({ id, token })).toEqual(expected);
  });

  test('may have any name and any value', async () => {
    const owned = await claimed(stage.store);
    const names = ['', '__proto__', 'constructor', `it's "x"\\`, 'żółć 👍', 'a:b{c}', '9', 'x y'];
    const values = RESULTS.map(([, value]) => value).filter((value) => value !== '');
    const points = names.map((name, at) => ({ name, value: values[at % values.length]! }));
    for (const point of points) await stage.store.checkpoint(owned, point, LONG);
    expect(await pointsOf(owned)).toEqual(points);
  });

  test('are dropped with the result that ends the work', async () => {
    const request = await claimed(stage.store);
    await stage.store.checkpoint(request, { name: 'a', value: '1' }, LONG);
    await stage.store.complete(request, '2', LONG);
    expect(await look(stage.other, request)).toEqual({
      kind: 'completed',
      result: '2',
      expiresIn: expect.any(Number) as number,
    });
  });

  test('can be many', async () => {
    const owned = await claimed(stage.store);
    const points = Array.from({ length: 100 }, (_, at) => ({ name: `p${at}`, value: `${at}` }));
    for (const point of points) await stage.store.checkpoint(owned, point, LONG);
    expect(await pointsOf(owned)).toEqual(points);
  });
}
