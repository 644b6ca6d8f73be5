import { connect } from './links/link.ts';
import type { Place } from './places/place.ts';

/** What happened, whatever the records say of it. */
export interface Ledger {
  /** How often a key's effect happened. */
  count(key: string): number;
  /** How many different derived keys its effects were asked for by: more than one, and a bank would take them for two. */
  derived(key: string): number;
}

/** Reads the ledger of a place, whole. */
export async function readLedger(place: Place): Promise<Ledger> {
  const link = await connect(place, place.link);
  const effects = new Map<string, string[]>();
  for (const entry of await link.effects()) {
    const [key = '', derived = ''] = entry.split(' ');
    effects.set(key, [...(effects.get(key) ?? []), derived]);
  }
  await link.close();
  return {
    count: (key) => effects.get(key)?.length ?? 0,
    derived: (key) => new Set(effects.get(key)).size,
  };
}
