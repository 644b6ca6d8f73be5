/** SQLite without room for another page: what an engine makes of it, and how it comes back. */
import { join } from 'node:path';
import { idempotency } from 'holdfast/idempotency';
import { sqliteStore } from 'holdfast/sqlite';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../servers/process.ts';

const RECEIPT = 'x'.repeat(1000);
/** More than a small file has room for. */
const MANY = 200;

test('on a full disk nothing is done twice or unasked, and all goes on once there is room', async () => {
  const store = sqliteStore({ path: join(temporaryFolder(), 'small.db'), maxPageCount: 16 });
  const charges = idempotency({ store, lease: '1s', retention: '1s' });
  const lasting = idempotency({ store, name: 'lasting' });
  const effects = new Map<string, number>();
  const charge = (engine: typeof charges, key: string) =>
    engine.idempotent(key, () => {
      effects.set(key, (effects.get(key) ?? 0) + 1);
      return RECEIPT;
    });

  await charge(lasting, 'first');
  const refused: string[] = [];
  const reasons: unknown[] = [];
  for (let at = 0; at < MANY && refused.length < 3; at++) {
    await charge(charges, `${at}`).catch((error: unknown) => {
      refused.push(`${at}`);
      reasons.push(error);
    });
  }
  const unavailable = { code: 'IDEMPOTENCY_STORE', status: 503 };
  expect(reasons).toMatchObject([unavailable, unavailable, unavailable]);
  expect(refused.filter((key) => effects.has(key))).toEqual([]);
  // Nothing that was acknowledged had to make room.
  expect(await charge(lasting, 'first')).toBe(RECEIPT);

  // Whoever asks reaps in passing, now and then; here at once.
  let reaped = 0;
  const reap = async () => expect((reaped += await store.reap(MANY))).toBeGreaterThan(10);
  await vi.waitFor(reap, 20_000);
  const answers = await Promise.all(refused.map((key) => charge(charges, key)));
  expect(answers).toEqual([RECEIPT, RECEIPT, RECEIPT]);
  expect(new Set(effects.values())).toEqual(new Set([1]));
  await Promise.all([charges.close(), lasting.close()]);
  await store.close();
});
