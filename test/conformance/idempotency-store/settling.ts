import { idempotency, IdempotencyMismatchError } from 'holdfast/idempotency';
import { describe, expect, test } from 'vitest';
import type { Owned } from '../../../packages/holdfast/src/idempotency/store.ts';
import { storeOver } from '../../../packages/holdfast/torture/store-over.ts';
import { endLease, type Stage, type StoreHarness, stageFor, unique } from './stage.ts';

const MANY = 20;
const RECEIPT = { receipt: 7 };
const DONE = { outcome: 'done', result: RECEIPT } as const;
const NOT_DONE = { outcome: 'nothing-happened' } as const;

/** A person says how a key ended: an engine on the store, and another as another process has it. */
export function describeSettling(harness: StoreHarness): void {
  describe('a key that is settled', () => {
    const stage = stageFor(harness);

    test('is replayed with what it was settled to, and only for what was asked at first', async () => {
      const { one, other, key } = await unknown(stage);
      expect(await other.settle(key, DONE)).toBe('settled');
      expect(await one.idempotent(key, unwanted, { payload: 1 })).toEqual(RECEIPT);
      const wrong = one.idempotent(key, unwanted, { payload: 2 });
      await expect(wrong).rejects.toThrow(IdempotencyMismatchError);
      expect(await one.settle(key, NOT_DONE)).toBe('completed');
      expect(await other.idempotent(key, unwanted, { payload: 1 })).toEqual(RECEIPT);
    });

    test('may be used again where nothing has happened', async () => {
      const { one, other, key } = await unknown(stage);
      expect(await other.settle(key, NOT_DONE)).toBe('settled');
      expect(await other.settle(key, NOT_DONE)).toBe('absent');
      expect(await one.idempotent(key, () => 'charged', { payload: 2 })).toBe('charged');
    });

    test('was unknown: all else is left as it is', async () => {
      const { one, other } = enginesOn(stage);
      const key = unique();
      expect(await other.settle(key, DONE)).toBe('absent');
      const { promise, resolve } = Promise.withResolvers<string>();
      const begun = Promise.withResolvers<void>();
      const first = one.idempotent(key, () => (begun.resolve(), promise));
      await begun.promise;
      expect(await other.settle(key, NOT_DONE)).toBe('in-progress');
      resolve('charged');
      expect(await first).toBe('charged');
      expect(await other.settle(key, DONE)).toBe('completed');
      expect(await other.idempotent(key, unwanted)).toBe('charged');
    });

    test('is settled by one of many', async () => {
      const { one, other, key } = await unknown(stage);
      const answers = await Promise.all(
        Array.from({ length: MANY }, (_, at) =>
          (at % 2 === 0 ? one : other).settle(key, { outcome: 'done', result: at }),
        ),
      );
      expect(answers.filter((answer) => answer === 'settled')).toHaveLength(1);
      const others = answers.filter((answer) => answer !== 'settled');
      for (const answer of others) expect(['in-progress', 'completed']).toContain(answer);
      const kept = await one.idempotent(key, unwanted, { payload: 1 });
      expect(kept).toBe(answers.indexOf('settled'));
    });

    test('hears no late owner', async () => {
      const claims: Owned[] = [];
      const { one, other } = enginesOn(stage, claims);
      const request = { key: unique(), scope: [], fingerprint: 'f' };
      const opened = await one.open(request);
      if (opened.kind !== 'run') throw new Error(opened.kind);
      // So a process that hangs leaves it when its lease is over.
      await endLease(stage.store, claims[0]!);
      expect(await other.settle(request.key, DONE, { encode: JSON.stringify })).toBe('settled');
      expect(await opened.execution.complete('"late"')).toMatchObject({ kind: 'lost' });
      const replayed = { kind: 'replay', result: JSON.stringify(RECEIPT) };
      expect(await one.open(request)).toMatchObject(replayed);
    });
  });
}

/** Two engines of one name, as two processes have them. The first tells what it claims. */
function enginesOn(stage: Stage, claims: Owned[] = []) {
  const telling = storeOver(stage.store, {
    claim: (request) => {
      claims.push(request);
      return stage.store.claim(request);
    },
  });
  // A machine that is busy may be slow.
  const options = { name: unique(), startCheck: false, storeTimeout: '20s' } as const;
  return {
    one: idempotency({ ...options, store: telling }),
    other: idempotency({ ...options, store: stage.other }),
  };
}

/** A key whose work has failed, and nobody knows what it did. */
async function unknown(stage: Stage) {
  const { one, other } = enginesOn(stage);
  const key = unique();
  const failing = one.idempotent(key, () => Promise.reject(new Error('no answer')), { payload: 1 });
  await expect(failing).rejects.toThrow('no answer');
  const repeat = other.idempotent(key, unwanted, { payload: 1 });
  await expect(repeat).rejects.toMatchObject({ why: 'outcome-unknown' });
  return { one, other, key };
}

function unwanted(): never {
  throw new Error('the work was done again');
}
