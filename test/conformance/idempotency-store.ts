import { describe } from 'vitest';
import { describeClaims } from './idempotency-store/claims.ts';
import { describeExpiry } from './idempotency-store/expiry.ts';
import { describeModel } from './idempotency-store/model.ts';
import { describeRaces } from './idempotency-store/races.ts';
import { describeSettling } from './idempotency-store/settling.ts';
import type { StoreHarness } from './idempotency-store/stage.ts';
import { describeWrites } from './idempotency-store/writes.ts';

/**
 * What the port of the idempotency engine (`src/idempotency/store.ts`) promises, asked of one store.
 * Every key is new, so stores may share a database. Leases and records that are to end last some
 * 100 ms of the store's own clock; their end is waited for by asking, never by sleeping.
 */
export function storeConformance(name: string, harness: StoreHarness): void {
  describe(`${name}, as the port has it`, () => {
    describeClaims(harness);
    describeWrites(harness);
    describeExpiry(harness);
    describeRaces(harness);
    describeModel(harness);
    describeSettling(harness);
  });
}
