import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import type { Arrivals, Scenario } from '../spec/model.ts';
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

  it('is no fault that lasts throughout, unless there is nothing else', () => {
    const slow = { latency: 'web', times: 2 } as const;
    const outage = { outage: 'web', from: '60s', for: '10s' } as const;
    const slower = fleetOf({
      services: { web: {} },
      users: { shoppers: { to: 'web', rate: 20 } },
      scenarios: {
        both: { duration: '5m', faults: [slow, outage], expect: ['recovers within 5s'] },
        slow: { duration: '5m', faults: [slow] },
        // From the middle to the end is another matter.
        ever: { duration: '5m', faults: [{ ...slow, from: '30s' }, outage] },
      },
    });
    const [both, alone, ever] = [...slower.scenarios.values()] as [Scenario, Scenario, Scenario];
    expect(triggerOf(slower, both)).toEqual({ from: 60_000, to: 70_000, kind: 'fault' });
    expect(withoutTrigger(slower, both).faults).toEqual([both.faults[0]]);
    expect(triggerOf(slower, alone)).toEqual({ from: 0, to: 300_000, kind: 'fault' });
    expect(withoutTrigger(slower, alone).faults).toEqual([]);
    expect(triggerOf(slower, ever)).toEqual({ from: 30_000, to: 300_000, kind: 'fault' });
    const { phases, faults, expectations } = simulate(slower, {
      scenario: 'both',
      lane: 'holdfast',
      seed: 1,
    });
    expect(phases.map(({ name, from }) => [name, from])).toEqual([
      ['before', 0],
      ['fault', 60_000],
      ['after', 70_000],
    ]);
    expect(faults).toHaveLength(2);
    expect(expectations[0]).toMatchObject({ value: 0, holds: true });
  });
});
