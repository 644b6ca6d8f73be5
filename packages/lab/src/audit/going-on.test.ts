import { describe, expect, test } from 'vitest';

import { fleetOf } from '../spec/fleet.ts';
import { callsOf } from '../spec/edges.ts';
import { goingOn } from './going-on.ts';

type Json = Record<string, unknown>;

/** The share of web's requests that go on after it has called mid, which calls two that fail half of the time. */
function after(mid: Json, call: Json = {}, isNeeded = true): number {
  const half = { failures: 0.5 };
  const fleet = fleetOf({
    name: 'three',
    services: {
      web: { calls: [{ to: 'mid', ...call }] },
      mid: { calls: [{ to: 'east' }, { to: 'west' }], ...mid },
      east: half,
      west: half,
    },
  });
  const [edge] = callsOf(fleet.services.get('web')!);
  return goingOn(fleet, () => isNeeded)(edge!);
}

describe('of requests go on', () => {
  test('those of which no call has failed', () => {
    expect(after({})).toBe(0.25);
    expect(after({ failures: 0.2 })).toBeCloseTo(0.2);
    expect(after({}, {}, false)).toBe(1);
  });

  test('those of a cache, and of the others as many as calls let', () => {
    expect(after({ cache: { hitRate: 0.6 } })).toBeCloseTo(0.6 + 0.4 * 0.25);
  });

  test('fewer after several calls, and more where a call is made with some probability', () => {
    expect(after({}, { times: 2 })).toBe(0.0625);
    expect(after({}, { times: 0.4 })).toBeCloseTo(0.7);
  });
});
