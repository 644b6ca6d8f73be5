import { describe, expect, it } from 'vitest';
import type { Edge } from '../spec/model.ts';
import type { SpecData } from '../spec/tables.ts';
import type { RunResult, Verdict } from './result.ts';
import { simulate } from './simulate.ts';
import { fleetWith, parseSweep, sweepOf, sweptOf } from './sweep.ts';

describe('a sweep as it is written', () => {
  it('has its values from the first to the last, both included', () => {
    expect(parseSweep('users.shoppers.rate=100..200/25')).toMatchObject({
      parameter: 'users.shoppers.rate',
      path: ['users', 'shoppers', 'rate'],
      values: [100, 125, 150, 175, 200],
      unit: 'number',
    });
    expect(parseSweep('a.b=0.1..0.3/0.1').values).toEqual([0.1, 0.2, 0.3]);
    expect(parseSweep('a.b=1..6/2').values).toEqual([1, 3, 5]);
    expect(parseSweep('a.b=3..3/1').values).toEqual([3]);
  });

  it('may be of durations', () => {
    const { unit, values } = parseSweep('services.web.serviceTime = 500ms..2s/500ms');
    expect(unit).toBe('time');
    expect(values).toEqual([500, 1000, 1500, 2000]);
    expect(parseSweep('a=0..1s/500ms').values).toEqual([0, 500, 1000]);
  });

  it.each([
    ['a=100s..101s/500ms', ['100s', '100.5s', '101s']],
    ['a=90s..2m/30s', ['1.5m', '2m']],
    ['a=1.001ms..1.002ms/0.001ms', ['1.001ms', '1.002ms']],
  ])('tells durations apart that are close together: %s', (text, labels) => {
    expect(sweepOf(parseSweep(text), []).labels).toEqual(labels);
  });

  it('may be of shares, as the spec has them, also where a policy takes only a number', () => {
    const range = parseSweep('services.web.failures = 0..50%/12.5%');
    expect(range).toMatchObject({ unit: 'share', values: [0, 0.125, 0.25, 0.375, 0.5] });
    expect(sweepOf(range, []).labels).toEqual(['0%', '12.5%', '25%', '37.5%', '50%']);
    expect(parseSweep('a=10%..30%/10%').values).toEqual([0.1, 0.2, 0.3]);
    const failures = fleetWith(spec, range, 0.125).services.get('web')!.server;
    expect(failures).toMatchObject({ failures: 0.125 });
    const rate = parseSweep('policies.careful.breaker.failureRate=20%..40%/20%');
    const { policy } = fleetWith(spec, rate, 0.4).services.get('web')!.stages[0]![0]!;
    expect(policy).toMatchObject({ breaker: { failureRate: 0.4 } });
  });

  it.each([
    ['a=0..50%/0.1', 'durations or shares'],
    ['', 'must be PARAM='],
    ['users.shoppers.rate', 'must be PARAM='],
    ['a=1..2', 'must be PARAM='],
    ['a..b=1..2/1', 'dotted path'],
    ['__proto__.x=1..2/1', 'dotted path'],
    ['a=1..2/0', 'step above 0'],
    ['a=2..1/1', 'smaller value to the larger'],
    ['a=1..2s/1', 'three numbers or three durations'],
    ['a=-1..2/1', 'three numbers or three durations'],
    ['a=one..two/1', 'three numbers or three durations'],
    ['a=0..1000000000/1', 'at most 200'],
  ])('%j is an error that says what would be right', (text, why) => {
    expect(() => parseSweep(text)).toThrow(why);
  });
});

const spec = {
  name: 'shop',
  services: { web: { calls: [{ to: 'stock', policy: 'careful' }] }, stock: {} },
  policies: { careful: {} },
  users: { shoppers: { to: 'web', rate: 5, patience: '1s' } },
};

const valueAt = (text: string, value: number) => fleetWith(spec, parseSweep(text), value);

const placing = (text: string) => () => fleetWith(spec, parseSweep(text), 1);

describe('a value of a sweep', () => {
  it('takes the place of what the spec says, and leaves the spec as it is', () => {
    const before = structuredClone(spec);
    const { arrivals } = valueAt('users.shoppers.rate=1..9/1', 7).users.get('shoppers')!;
    expect(arrivals).toMatchObject({ rate: [{ rate: 7 }] });
    const time = valueAt('services.web.serviceTime=5ms..9ms/1ms', 6).services.get('web')!.server
      .serviceTime;
    expect(time).toEqual({ kind: 'constant', value: 6 });
    const retry = valueAt('policies.careful.retry.maxAttempts=2..4/1', 4).services.get('web')!
      .stages[0]![0]!;
    expect(retry.policy).toMatchObject({ retry: { maxAttempts: 4 } });
    const times = valueAt('services.web.calls.0.times=1..3/1', 3).services.get('web')!
      .stages[0]![0]!.times;
    expect(times).toBe(3);
    expect(spec).toEqual(before);
  });

  it('changes nothing else that is an alias of the same', () => {
    const same = { to: 'web', rate: 5 };
    const aliased = {
      ...spec,
      users: { shoppers: same, robots: same },
    };
    const swept = fleetWith(aliased, parseSweep('users.shoppers.rate=1..9/1'), 7);
    const rates = [...swept.users.values()].map(({ arrivals }) => arrivals);
    expect(rates).toMatchObject([{ rate: [{ rate: 7 }] }, { rate: [{ rate: 5 }] }]);
  });

  it('is an error where there is no such place, or no such value', () => {
    expect(placing('name.first=1..2/1')).toThrow(`name is "shop", which has no 'first'`);
    expect(placing('services.web.calls.1.times=1..2/1')).toThrow('is a list of 1');
    for (const index of ['x', '-1', '00', '0x0', 'length']) {
      const calls = placing(`services.web.calls.${index}.times=1..2/1`);
      expect(calls).toThrow(`is a list of 1; '${index}' must be an index`);
    }
    expect(placing('users.shoppers.rat=1..2/1')).toThrow("did you mean 'rate'");
    expect(placing('users.shoppers.arrivals=1..2/1')).toThrow(
      /^--sweep users\.shoppers\.arrivals, with 1: users\.shoppers\.arrivals must be/,
    );
  });

  it('is an error for a name that nothing has: one more service that nobody calls changes nothing', () => {
    expect(placing('users.shopers.rate=1..2/1')).toThrow("did you mean 'shoppers'");
    expect(placing('services.db.workers=1..2/1')).toThrow(
      "--sweep services.db.workers: must be one of the spec's services; there is no 'db'",
    );
    expect(placing('policies.quick.timeout=1s..2s/1s')).toThrow("one of the spec's policies");
    expect(placing('lanes.quick.timeout=1s..2s/1s')).toThrow('nor any other');
  });
});

const recovers = (after: number): Verdict => ({ kind: 'recovers', after });

const run = (lane: string, seed: number, verdict: Verdict, goodput: number): RunResult =>
  ({
    scenario: 'outage',
    lane,
    seed,
    verdict,
    users: [{ name: 'shoppers', total: { arrivals: 10, goodput } }],
    services: [],
    edges: [],
  }) as unknown as RunResult;

describe('a name with dots', () => {
  const dotted: SpecData = {
    services: { 'eu.web': { calls: [{ to: 'eu.web.db' }] }, 'eu.web.db': { workers: 3 } },
  };
  const swept = (text: string) => fleetWith(dotted, parseSweep(text), 7).services;

  it('stands in quotes', () => {
    for (const quote of ['"', "'"]) {
      const services = swept(`services.${quote}eu.web.db${quote}.workers=1..9/1`);
      expect(services.get('eu.web.db')!.server.workers).toBe(7);
      expect(services.get('eu.web')!.server.workers).toBe(10);
    }
    const [[edge]] = swept('services."eu.web".calls[0].times=1..9/1').get('eu.web')!.stages as [
      [Edge],
    ];
    expect(edge.times).toBe(7);
  });

  it('is told so without them', () => {
    expect(() => swept('services.eu.web.workers=1..9/1')).toThrow(
      '--sweep services.eu.web.workers: a name with dots stands in quotes: services."eu.web"',
    );
  });

  it('is not told to stand in quotes when it does, and is not known', () => {
    expect(() =>
      fleetWith({ services: { eu: {} } }, parseSweep(`services."eu.web".workers=1..9/1`), 7),
    ).toThrow("there is no 'eu.web'");
  });

  it.each(['services."eu.web.workers', 'services."eu"web.workers', 'services.web[x].times', '""'])(
    'is no path when it is written %s',
    (path) => {
      expect(() => parseSweep(`${path}=1..2/1`)).toThrow('must begin with a dotted path');
    },
  );
});

describe('the table of a sweep', () => {
  const stable = { kind: 'stable', after: null } as const;

  it('has the worst verdict and the mean goodput of the seeds', () => {
    const range = parseSweep('services.web.serviceTime=500ms..1s/500ms');
    const table = sweepOf(range, [
      [
        run('naive', 1, stable, 1),
        run('naive', 2, recovers(10), 0.5),
        run('holdfast', 1, stable, 1),
      ],
      [
        run('naive', 1, { kind: 'metastable', after: null }, 0),
        run('naive', 2, recovers(10), 1),
        run('holdfast', 1, recovers(5), 0.9),
        run('holdfast', 2, recovers(7), 0.7),
      ],
    ]);
    expect(table.labels).toEqual(['500ms', '1s']);
    expect(table.rows).toEqual([
      {
        scenario: 'outage',
        lane: 'naive',
        cells: [
          { verdict: recovers(10), goodput: 0.75 },
          { verdict: { kind: 'metastable', after: null }, goodput: 0.5 },
        ],
      },
      {
        scenario: 'outage',
        lane: 'holdfast',
        cells: [
          { verdict: stable, goodput: 1 },
          { verdict: recovers(7), goodput: 0.8 },
        ],
      },
    ]);
  });
});

const size = (of: unknown): number => JSON.stringify(of).length;

it('needs little of each run, so that many thousands of them are no matter of memory', () => {
  const range = parseSweep('users.shoppers.rate=5..10/5');
  const scenarios = { calm: { duration: '10s' } };
  const runs = range.values.map((value) => {
    const fleet = fleetWith({ ...spec, scenarios }, range, value);
    return [1, 2].map((seed) => simulate(fleet, { scenario: 'calm', lane: 'naive', seed }));
  });
  const kept = runs.map((ofValue) => ofValue.map(sweptOf));
  expect(sweepOf(range, kept)).toEqual(sweepOf(range, runs));
  expect(size(kept)).toBeLessThan(size(runs) / 10);
});
