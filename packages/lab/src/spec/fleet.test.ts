import type { DependencyData } from 'holdfast/spec';
import { describe, expect, test } from 'vitest';
import { shop } from '../../test/specs.ts';
import { fleetOf } from './fleet.ts';
import { laneOf, optionsIn } from './lanes.ts';
import type { Distribution, Edge, Fleet, Users } from './model.ts';

const rememberedBy = (idempotency: object): unknown =>
  fleetOf({ services: { till: { idempotency } } }).services.get('till')!.idempotency;

describe('a fleet', () => {
  const fleet: Fleet = fleetOf(shop());
  const web = fleet.services.get('web')!;
  const edges = web.stages.flat();

  test('has its services with every default', () => {
    expect([...fleet.services.keys()]).toEqual(['web', 'checkout', 'stock']);
    expect(web.server.cache).toEqual({ hitRate: 0.9, keys: 1000, ttl: 60_000 });
    expect(web.shutdown).toEqual({ drain: 20_000, terminationGracePeriod: 30_000 });
    expect(fleet.services.get('checkout')).toEqual({
      name: 'checkout',
      path: ['services', 'checkout'],
      external: false,
      replicas: 1,
      server: {
        workers: 10,
        serviceTime: { kind: 'constant', value: 10 },
        queue: { max: Infinity, order: 'lifo', abandoned: 'executed', checksDeadline: false },
        failures: 0.01,
        balancing: 'random',
        cache: null,
      },
      stated: new Set(),
      idempotency: null,
      stages: [],
      recoveryTime: null,
      shutdown: { drain: 25_000, terminationGracePeriod: null },
      livenessAsks: [],
    });
  });

  test('remembers keys where it says so, as idempotency() does', () => {
    const byDefault = { lease: 30_000, retention: 86_400_000, onExpiredLease: 'refuse', wait: 0 };
    expect(rememberedBy({})).toEqual(byDefault);
    const own = { lease: '1m', retention: '48h', onExpiredLease: 'takeover', wait: '2s' };
    const parsed = {
      lease: 60_000,
      retention: 172_800_000,
      onExpiredLease: 'takeover',
      wait: 2000,
    };
    expect(rememberedBy(own)).toEqual(parsed);
  });

  test('numbers second edges, and knows where each is written', () => {
    expect(web.stages.map((stage) => stage.map(({ id }) => id))).toEqual([
      ['web > checkout'],
      ['web > stock', 'web > stock (2)'],
    ]);
    expect(edges.map(({ path }) => path.slice(2))).toEqual([
      ['calls', 0],
      ['calls', 1, 'together', 0],
      ['calls', 1, 'together', 1],
    ]);
  });

  test('has a policy on each edge: by name, of its own, or none', () => {
    expect(edges.map(({ policyName }) => policyName)).toEqual(['careful', null, null]);
    expect(edges[0]!.options).toEqual({ protocol: 'http', retry: { maxAttempts: 2 } });
    expect(edges[0]!.policy).toMatchObject({ timeout: 5000, retry: { maxAttempts: 2 } });
    expect(edges[1]!.policy).toMatchObject({ timeout: 300, retry: { maxAttempts: 3 } });
    expect(edges[2]!.policy).toMatchObject({
      timeout: 1000,
      retry: null,
      breaker: null,
      bulkhead: null,
      deadline: null,
    });
  });

  test('has users, who wait as long as their patience unless they have a policy', () => {
    const { shoppers, robots, replayed } = Object.fromEntries(fleet.users);
    expect(shoppers!.edge).toMatchObject({ id: 'shoppers > web', path: ['users', 'shoppers'] });
    expect(shoppers!.edge.policy).toMatchObject({ timeout: 5000, retry: null, deadline: null });
    expect(robots!.edge.policyName).toBe('careful');
    expect(shoppers!.arrivals).toEqual({
      kind: 'open',
      process: 'poisson',
      rate: [{ at: 0, rate: 80, until: 80 }],
    });
    expect(robots!.arrivals).toEqual({
      kind: 'closed',
      clients: 100,
      think: { kind: 'erlang', mean: 1000, stages: 3 },
    });
    expect(replayed!.arrivals).toEqual({ kind: 'trace', at: [0, 10, 15] });
  });

  test('has two lanes by itself', () => {
    expect([...fleet.lanes.keys()]).toEqual(['holdfast', 'naive', 'careless']);
    expect(fleet.lanes.get('holdfast')!.options).toEqual({});
    expect(fleet.lanes.get('naive')!.options.retry).toMatchObject({ maxAttempts: 4 });
  });

  test('has lanes that leave edges without a policy as they are, but for the naive one', () => {
    const { shoppers, robots } = Object.fromEntries(fleet.users);
    const optionsOf = (lane: string, { edge }: Users): DependencyData =>
      optionsIn(fleet.lanes.get(lane)!, edge);
    expect([shoppers!.edge.bare, robots!.edge.bare]).toEqual([true, false]);
    for (const lane of ['holdfast', 'careless']) {
      expect(optionsOf(lane, shoppers!)).toEqual(shoppers!.edge.options);
    }
    expect(optionsOf('careless', robots!)).toEqual({ ...robots!.edge.options, breaker: false });
    expect(optionsOf('naive', shoppers!)).toMatchObject({ retry: { maxAttempts: 4 } });
    const breaking = laneOf({ breaker: { cooldown: '1s' }, retry: { maxAttempts: 2 } });
    expect(optionsIn(breaking, shoppers!.edge)).toEqual(shoppers!.edge.options);
    const own = { ...shoppers!.edge, bare: false };
    expect(optionsIn(breaking, own)).toMatchObject({ breaker: { cooldown: '1s' } });
  });

  test('has lanes of another kind, which leave out what only the kind below looks at', () => {
    const consecutive = { kind: 'consecutive', consecutiveFailures: 3, cooldown: '5s' } as const;
    const backoff = { kind: 'exponential', factor: 3 } as const;
    const edge = { policy: { breaker: consecutive, retry: { backoff } } };
    const lanes = {
      timed: { breaker: { kind: 'time', failureRate: 0.2 } },
      jittered: { retry: { backoff: { jitter: 'decorrelated' } } },
    } as const;
    const services = { web: { calls: [{ to: 'db', ...edge }] }, db: {} };
    const compared = fleetOf({ services, lanes });
    const [[call]] = compared.services.get('web')!.stages as [[Edge]];
    expect(optionsIn(compared.lanes.get('timed')!, call)).toEqual({
      breaker: { kind: 'time', failureRate: 0.2, cooldown: '5s' },
      retry: { backoff },
    });
    expect(optionsIn(compared.lanes.get('jittered')!, call)).toEqual({
      breaker: consecutive,
      retry: { backoff: { kind: 'exponential', jitter: 'decorrelated' } },
    });
  });

  test('has scenarios: load, faults with their ends, expectations', () => {
    const outage = fleet.scenarios.get('outage')!;
    expect(outage.load.get('shoppers')).toEqual({
      kind: 'open',
      process: 'constant',
      rate: [
        { at: 0, rate: 0, until: 0 },
        { at: 30_000, rate: 200, until: 300 },
      ],
    });
    expect(
      outage.faults.map((fault) => [
        fault.kind,
        'on' in fault ? fault.on : fault.groups,
        fault.from,
        fault.to,
      ]),
    ).toEqual([
      ['outage', 'stock', 30_000, 40_000],
      ['latency', 'stock', 50_000, 60_000],
      ['errors', 'stock', 60_000, Infinity],
      ['deploy', 'web', 15_000, 25_000],
      ['cache-flush', 'web', 20_000, 20_000],
      ['partition', [['stock'], ['web']], 25_000, 26_000],
    ]);
    expect(outage.faults[0]).toEqual({
      kind: 'outage',
      on: 'stock',
      how: 'refuse',
      from: 30_000,
      to: 40_000,
      path: ['scenarios', 'outage', 'faults', 0],
    });
    expect(outage.expectations).toMatchObject([
      { measure: 'goodput', at: 'shoppers', during: 'fault', is: '>=', bound: 0.95 },
      { measure: 'metastable', at: null, during: 'all', is: '=', bound: 0 },
    ]);
  });

  test.each<[unknown, Distribution]>([
    [5, { kind: 'constant', value: 5 }],
    [{ lognormal: '20ms' }, { kind: 'lognormal', mean: 20, cv: 1 }],
    [
      { hyperexponential: '20ms', cv: 3 },
      { kind: 'hyperexponential', mean: 20, cv: 3 },
    ],
    [{ empirical: ['5ms', 9] }, { kind: 'empirical', values: [5, 9] }],
    [
      { mixture: [{ weight: 9, time: '5ms' }, { time: { exponential: '1s' } }] },
      {
        kind: 'mixture',
        of: [
          { weight: 9, time: { kind: 'constant', value: 5 } },
          { weight: 1, time: { kind: 'exponential', mean: 1000 } },
        ],
      },
    ],
    [
      { loaded: '20ms', slope: 0.1 },
      { kind: 'loaded', time: { kind: 'constant', value: 20 }, slope: 0.1 },
    ],
  ])('reads the distribution %j', (serviceTime, expected) => {
    const { services } = fleetOf({ services: { db: { serviceTime } } });
    expect(services.get('db')!.server.serviceTime).toEqual(expected);
  });
});
