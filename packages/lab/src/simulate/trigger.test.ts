import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import type { Arrivals } from '../spec/model.ts';
import { simulate } from './simulate.ts';
import { triggerOf, withoutTrigger } from './trigger.ts';

const rising = [
  { at: 0, rate: 0, until: 10 },
  { at: '10s', rate: 10 },
] as const;

const fleet = fleetOf({
  services: { web: { failures: 0.3 } },
  users: { shoppers: { to: 'web', rate: rising } },
  scenarios: {
    before: { duration: '100s', warmUp: '20s' },
    across: { duration: '100s', warmUp: '5s' },
    beyond: {
      duration: '15s',
      warmUp: '5s',
      load: {
        shoppers: {
          rate: [
            { at: 0, rate: 10 },
            { at: '20s', rate: 90 },
          ],
        },
      },
    },
  },
});
const scenario = (name: string) => fleet.scenarios.get(name)!;

describe('what disturbs a run', () => {
  it('is no change of load within the warm-up, nor one after the end', () => {
    expect(triggerOf(fleet, scenario('before'))).toBeNull();
    expect(triggerOf(fleet, scenario('beyond'))).toBeNull();
  });

  it('is a ramp from the end of the warm-up on; without it, load stays as it was then', () => {
    const across = scenario('across');
    expect(triggerOf(fleet, across)).toEqual({ from: 5000, to: 100_000, kind: 'load' });
    const { load } = withoutTrigger(fleet, across);
    expect(load.get('shoppers')).toMatchObject({
      rate: [
        { at: 0, rate: 0, until: 5 },
        { at: 5000, rate: 5, until: 5 },
      ],
    } satisfies Partial<Arrivals>);
  });

  it('leaves a run stable that is as it was when the warm-up ended', () => {
    const run = simulate(fleet, { scenario: 'before', lane: 'holdfast', seed: 1 });
    expect(run.verdict.kind).toBe('stable');
  });
});
