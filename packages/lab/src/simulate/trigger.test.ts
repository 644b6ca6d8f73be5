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

describe('a change of load under a fault that lasts throughout', () => {
  // Payments are slow all day: 10 workers of 100 ms each serve 100 a second, and are asked for 50.
  const payments = { workers: 10, serviceTime: '50ms', queue: { max: 10_000 } } as const;
  const slow = { latency: 'payments', times: 2 } as const;
  const outage = { outage: 'payments', from: '60s', for: '10s' } as const;
  const spike = [
    { at: 0, rate: 50 },
    { at: '60s', rate: 200 },
    { at: '70s', rate: 50 },
  ] as const;
  const storm = {
    timeout: '1s',
    deadline: false,
    retry: { maxAttempts: 3, budget: false },
  } as const;
  const policy = { ...storm, breaker: false, bulkhead: false } as const;
  const slowDay = fleetOf({
    services: { payments },
    users: { shoppers: { to: 'payments', rate: 50, patience: '2s', policy, idempotent: true } },
    scenarios: {
      spike: { duration: '5m', load: { shoppers: { rate: spike } }, faults: [slow] },
      without: { duration: '5m', load: { shoppers: { rate: spike } } },
      both: { duration: '5m', load: { shoppers: { rate: spike } }, faults: [slow, outage] },
    },
  });
  const of = (name: string) => slowDay.scenarios.get(name)!;

  it('is what disturbs the run; the fault is there without it', () => {
    const load = { from: 60_000, to: 70_000, kind: 'load' };
    expect(triggerOf(slowDay, of('spike'))).toEqual(load);
    expect(triggerOf(slowDay, of('without'))).toEqual(load);
    const calm = withoutTrigger(slowDay, of('spike'));
    expect(calm.faults).toEqual(of('spike').faults);
    expect(calm.load.get('shoppers')).toMatchObject({
      rate: [
        { at: 0, rate: 50, until: 50 },
        { at: 0, rate: 50, until: 50 },
      ],
    });
  });

  it('is none beside a fault that comes and goes', () => {
    const { kind } = triggerOf(slowDay, of('both'))!;
    expect(kind).toBe('fault');
    const { faults, load } = withoutTrigger(slowDay, of('both'));
    expect([faults, load]).toEqual([[of('both').faults[0]], of('both').load]);
  });

  it('is judged by what was before it', () => {
    const { verdict } = simulate(slowDay, { scenario: 'spike', lane: 'holdfast', seed: 1 });
    expect(verdict.kind).toBe('metastable');
  });
});

// 30 workers of 100 ms, and a second attempt at once: what is fine at 165 a second never comes back from a crowd.
const spiky = (...steps: readonly (readonly [number, number])[]) =>
  fleetOf({
    services: { db: { workers: 30, serviceTime: '100ms', queue: { max: 'unbounded' } } },
    users: {
      shoppers: {
        to: 'db',
        rate: steps.map(([seconds, rate]) => ({ at: seconds * 1000, rate })),
        patience: '2s',
        idempotent: true,
        policy: {
          timeout: '1s',
          deadline: false,
          breaker: false,
          bulkhead: false,
          retry: { maxAttempts: 2, budget: false },
        },
      },
    },
    scenarios: { s: { duration: '5m', warmUp: '10s' } },
  });

/** What disturbs it, and how many come in the end without. */
const found = (...steps: readonly (readonly [number, number])[]) => {
  const own = spiky(...steps);
  const s = own.scenarios.get('s')!;
  const arrivals = withoutTrigger(own, s).load.get('shoppers') as Arrivals & { kind: 'open' };
  return [triggerOf(own, s), arrivals.rate.at(-1)!.rate];
};

describe('a spike of load', () => {
  const spike = { from: 60_000, to: 65_000, kind: 'load' };

  it('is over when no more come than did before it, or do after it', () => {
    expect(found([0, 165], [60, 600], [65, 160])).toEqual([spike, 165]);
    expect(found([0, 160], [60, 600], [65, 165])).toEqual([spike, 165]);
    expect(found([0, 165], [60, 600], [65, 165], [280, 150])).toEqual([spike, 165]);
    expect(found([0, 165], [30, 100], [40, 165], [60, 600], [65, 165])).toEqual([spike, 165]);
    expect(found([0, 165], [60, 600], [65, 160], [300, 900])).toEqual([spike, 165]);
    expect(found([0, 900], [10, 165], [60, 600], [65, 165])).toEqual([spike, 165]);
    const growth = { from: 60_000, to: 300_000, kind: 'load' };
    expect(found([0, 165], [60, 600])).toEqual([growth, 165]);
    expect(found([0, 165], [60, 100])).toEqual([growth, 165]);
    expect(found([0, 165], [60, 100], [65, 165])).toEqual([spike, 165]);
  });

  it('is not longer for the time until the next one', () => {
    const [both] = found([0, 165], [60, 600], [65, 160], [120, 600], [125, 165]);
    expect(both).toEqual({ from: 60_000, to: 125_000, calm: 55_000, kind: 'load' });
    const [inSteps] = found([0, 165], [60, 600], [65, 700], [70, 165]);
    expect(inSteps).toEqual({ ...spike, to: 70_000 });
  });

  it.each([160, 165])('is metastable where %d come after 165, and none is served', (after) => {
    const run = simulate(spiky([0, 165], [60, 600], [65, after]), {
      scenario: 's',
      lane: 'holdfast',
      seed: 1,
    });
    expect(run.verdict.kind).toBe('metastable');
  });
});

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

  it('says how long nothing was on', () => {
    const { scenarios } = fleetOf({
      services: { web: {} },
      users: { shoppers: { to: 'web', rate: 20 } },
      scenarios: { s: { duration: '400s', faults: [{ hold: 'web', from: '50s', for: '10s' }] } },
    });
    const s = scenarios.get('s')!;
    const calm = (...times: [number, number][]) => {
      const faults = times.map(([from, to]) => ({
        ...s.faults[0]!,
        from: from * 1e3,
        to: to * 1e3,
      }));
      return triggerOf(fleet, { ...s, faults })?.calm;
    };
    expect(calm([50, 60], [90, 91], [100, 101])).toBe(39_000);
    expect(calm([90, 91], [50, 100], [60, 70])).toBeUndefined();
    expect(calm([50, 60], [60, 65], [63, 70])).toBeUndefined();
    expect(calm([50, 60], [390, 900])).toBe(330_000);
  });
});
