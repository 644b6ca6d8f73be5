import { expect, test } from 'vitest';
import type { StoreName } from '../../packages/holdfast/torture/links/link.ts';
import { duplicates } from '../../packages/holdfast/torture/parts/duplicates.ts';
import { histories } from '../../packages/holdfast/torture/parts/histories.ts';
import { kills } from '../../packages/holdfast/torture/parts/kills.ts';
import { outage } from '../../packages/holdfast/torture/parts/outages.ts';
import { openPlace, type Place } from '../../packages/holdfast/torture/places/place.ts';
import type { Mode, Plan } from '../../packages/holdfast/torture/plan.ts';
import type { Check } from '../../packages/holdfast/torture/report.ts';

type Part = (place: Place, plan: Plan) => Promise<Check[]>;

const oneOutage: Part = (place, plan) => outage(place, place.faults[0]!, plan);
const everything = [kills, duplicates, histories, oneOutage];
/** Against what hangs: dozens of processes start, on whatever machine. */
const TOO_LONG = 180_000;

/** A little of what `npm run torture:idempotency` does; most of the time it waits for leases to run out. */
test.concurrent.each<[StoreName, Mode, readonly Part[]]>([
  ['sqlite', 'leased', everything],
  ['redis', 'leased', everything],
  ['postgres', 'leased', everything],
  ['postgres', 'transactional', [kills, duplicates, oneOutage]],
  ['sqlite', 'takeover', [kills]],
])(
  '%s, %s, keeps its promises through kill -9, duplicates and outages',
  async (store, mode, parts) => {
    const plan: Plan = {
      store,
      mode,
      seed: 1,
      rounds: 8,
      keys: 10,
      callers: 12,
      outage: 1500,
      histories: 8,
      defect: null,
      progress: () => {},
    };
    const place = await openPlace(store);
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
