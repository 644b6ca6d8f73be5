import { expect, test } from 'vitest';
import type { ClientName, StoreName } from '../../packages/holdfast/torture/links/link.ts';
import { duplicates } from '../../packages/holdfast/torture/parts/duplicates.ts';
import { histories } from '../../packages/holdfast/torture/parts/histories.ts';
import { kills } from '../../packages/holdfast/torture/parts/kills.ts';
import { outage } from '../../packages/holdfast/torture/parts/outages.ts';
import { openPlace, type Place } from '../../packages/holdfast/torture/places/place.ts';
import type { Mode, Plan } from '../../packages/holdfast/torture/plan.ts';
import type { Check } from '../../scripts/tasks/checks.ts';

type Part = (place: Place, plan: Plan) => Promise<Check[]>;

const oneOutage: Part = (place, plan) => outage(place, place.faults[0]!, plan);
const everything = [kills, duplicates, histories, oneOutage];
/** Against what hangs: dozens of processes start, on whatever machine. */
const TOO_LONG = 180_000;

/** A little of what `npm run torture:idempotency` does; most of the time it waits for leases to run out. */
test.concurrent.each<[StoreName, ClientName, Mode, readonly Part[]]>([
  ['sqlite', 'node:sqlite', 'leased', everything],
  ['sqlite', 'node:sqlite', 'takeover', [kills]],
  ['redis', 'ioredis', 'leased', everything],
  ['redis', 'node-redis', 'leased', [oneOutage]],
  ['postgres', 'pg', 'leased', everything],
  ['postgres', 'pg', 'transactional', [kills, duplicates, oneOutage]],
  ['postgres', 'postgres.js', 'leased', [oneOutage]],
  ['postgres', 'postgres.js', 'transactional', [kills, duplicates, histories]],
])(
  '%s by %s, %s, keeps its promises through kill -9, duplicates and outages',
  async (store, client, mode, parts) => {
    const plan: Plan = {
      store,
      client,
      mode,
      seed: 1,
      rounds: 8,
      keys: 10,
      callers: 12,
      outage: 1500,
      histories: 16,
      lease: 2000,
      defect: null,
      progress: () => {},
    };
    const place = await openPlace(store, { client });
    try {
      for (const part of parts) expect(broken(await part(place, plan))).toEqual([]);
    } finally {
      await place.close();
    }
  },
  TOO_LONG,
);

/** What does not hold, but for figures of speed: a test may run on a busy machine. */
function broken(checks: readonly Check[]): Check[] {
  return checks.filter(({ name, holds }) => holds !== true && !name.endsWith(', ms'));
}
