import { openPlace } from './places/place.ts';
import { duplicates } from './parts/duplicates.ts';
import { histories } from './parts/histories.ts';
import { kills } from './parts/kills.ts';
import { outages } from './parts/outages.ts';
import type { Plan } from './plan.ts';
import type { Check } from '../../../scripts/tasks/checks.ts';

/** What is done to a store. */
export const PARTS = { kills, duplicates, outages, histories } as const;
export type Part = keyof typeof PARTS;

/** One part after another, each in a place of its own. */
export async function* torture(parts: readonly Part[], plan: Plan): AsyncGenerator<Check[]> {
  for (const part of parts) {
    const place = await openPlace(plan.store, plan);
    try {
      yield await PARTS[part](place, plan);
    } finally {
      await place.close();
    }
  }
}
