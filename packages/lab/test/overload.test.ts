/** What the audit says of load and capacity, against the simulator: where it finds an overload there is one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { audit } from '../src/audit/audit.ts';
import type { Finding } from '../src/audit/finding.ts';
import { simulate } from '../src/simulate/simulate.ts';
import { fleetOf } from '../src/spec/fleet.ts';
import { type Json, placeOf } from './cases.ts';

/** Services by name, and who calls `web`. */
interface Drawn {
  readonly services: Json;
  readonly users: Json;
}

function specOf({ services, users }: Drawn): Json {
  const steady = { duration: '25s', warmUp: '5s' };
  return { name: 'drawn', services, users: { some: users }, scenarios: { steady } };
}

/** Users at a steady rate. */
function drawnOf(services: Json, rate: number): Drawn {
  return { services, users: { to: 'web', rate } };
}

function overloads(drawn: Drawn): readonly Finding[] {
  const { findings } = audit(fleetOf(specOf(drawn)), { placeOf });
  return findings.filter(({ rule }) => rule === 'load-exceeds-capacity');
}

function goodputOf(drawn: Drawn, lane: string, seed: number): number {
  const [users] = simulate(fleetOf(specOf(drawn)), { scenario: 'steady', lane, seed }).users;
  return users!.total.goodput!;
}

const mean = fc.integer({ min: 10, max: 50 });
const tameTime: fc.Arbitrary<unknown> = fc.oneof(
  mean,
  mean.map((exponential) => ({ exponential })),
  mean.map((erlang) => ({ erlang })),
  mean.map((lognormal) => ({ lognormal })),
);
const anyTime = fc.oneof(
  tameTime,
  // Who tries again instead of waiting is served in much less than the mean.
  mean.map((short) => ({ empirical: [...Array<number>(9).fill(short), 50 * short] })),
  fc.constantFrom(0.2, 3).chain((slope) => mean.map((loaded) => ({ loaded, slope }))),
);

const server = {
  workers: fc.integer({ min: 1, max: 3 }),
  replicas: fc.integer({ min: 1, max: 2 }),
  serviceTime: anyTime,
  failures: fc.constant(0),
  balancing: fc.constantFrom('random', 'least-busy'),
  queue: fc.record({
    max: fc.constantFrom(0, 10),
    abandoned: fc.constantFrom('executed', 'cancelled'),
    checksDeadline: fc.boolean(),
  }),
};

const stubborn = {
  timeout: '150ms',
  breaker: false,
  retry: { maxAttempts: 3, budget: false, backoff: { base: 0 } },
};

/** What decides how often a service is called, and who tries again. */
interface Kind {
  readonly times: readonly number[];
  readonly failures: readonly number[];
  readonly caches: readonly Json[];
  readonly policies: readonly unknown[];
  readonly lanes: readonly string[];
}

const KINDS: readonly Kind[] = [
  {
    times: [1, 2],
    failures: [0],
    caches: [{}],
    policies: ['none', {}, { timeout: '40ms' }, stubborn],
    lanes: ['holdfast', 'naive'],
  },
  // Here a second attempt may do without the call that failed: by chance, or because a cache has the answer.
  {
    times: [0.5, 1, 2],
    failures: [0, 0.1],
    caches: [{}, { cache: { hitRate: 0.5, keys: 1, ttl: 'unbounded' } }],
    policies: ['none', { retry: false }, { retry: false, timeout: '40ms' }],
    lanes: ['holdfast'],
  },
];

function callTo(to: string, { times, policies }: Kind): fc.Arbitrary<Json> {
  return fc.record({
    to: fc.constant(to),
    times: fc.constantFrom(...times),
    policy: fc.constantFrom(...policies),
    optional: fc.boolean(),
    idempotent: fc.constant(true),
  });
}

/** `web` calls `stock` and `prices`, one after another or at once; `stock` may call `shelf`. */
function anyServices(kind: Kind): fc.Arbitrary<Json> {
  const one = fc.record({ ...server, failures: fc.constantFrom(...kind.failures) });
  return fc
    .record({
      web: one,
      stock: one,
      prices: one,
      shelf: one,
      cache: fc.constantFrom(...kind.caches),
      calls: fc.tuple(callTo('stock', kind), callTo('prices', kind)),
      isTogether: fc.boolean(),
      inner: fc.option(callTo('shelf', kind)),
    })
    .map(({ web, stock, prices, shelf, calls, isTogether, inner, cache }) => ({
      web: { ...web, ...cache, calls: isTogether ? [{ together: calls }] : calls },
      stock: { ...stock, calls: inner === null ? [] : [inner] },
      prices,
      shelf,
    }));
}

function anyUsers({ policies }: Kind): fc.Arbitrary<Json> {
  const load = fc.oneof(
    fc.integer({ min: 20, max: 300 }).map((rate) => ({ rate, patience: '2s' })),
    fc
      .integer({ min: 20, max: 100 })
      .map((clients) => ({ clients, think: '50ms', patience: '300ms' })),
  );
  return fc
    .tuple(load, fc.constantFrom(...policies))
    .map(([own, policy]) => ({ to: 'web', idempotent: true, policy, ...own }));
}

/** Calls of each service for one request of a user, on average and at most. */
function callsIn({ services }: Drawn): ReadonlyMap<string, { mean: number; most: number }> {
  const all = new Map([['web', { mean: 1, most: 1 }]]);
  for (const [name, service] of Object.entries(services)) {
    const { calls = [], cache: kept, failures } = service as Written;
    const { mean: before, most } = all.get(name) ?? { mean: 0, most: 0 };
    const made = (1 - failures) * (1 - (kept?.hitRate ?? 0));
    for (const { to, times } of calls.flatMap((call) =>
      'together' in call ? call.together : call,
    )) {
      all.set(to, { mean: before * made * times, most: most * Math.ceil(times) });
    }
  }
  return all;
}

interface Call {
  readonly to: string;
  readonly times: number;
}

interface Written {
  readonly calls?: readonly (Call | { readonly together: readonly Call[] })[];
  readonly cache?: { readonly hitRate: number };
  readonly failures: number;
}

/** The share of the users' requests that lose a call, if all that are too many are lost and each request loses as many as it can. */
function lost(drawn: Drawn, { at, value }: Finding): number {
  const { mean: calls, most } = callsIn(drawn).get(at)!;
  return ((1 - 1 / value!) * calls) / most;
}

const anyFleet = fc
  .constantFrom(...KINDS)
  .chain((kind) =>
    fc.tuple(
      fc.record({ services: anyServices(kind), users: anyUsers(kind) }),
      fc.constantFrom(...kind.lanes),
    ),
  );

test('where the audit finds an error, users of a fleet without a fault are not all served', () => {
  fc.assert(
    fc.property(anyFleet, fc.nat(1000), ([drawn, lane], seed) => {
      const errors = overloads(drawn).filter(({ severity }) => severity === 'error');
      const share = Math.max(0, ...errors.map((error) => lost(drawn, error)));
      // In so short a run, chance may make it a few hundredths less.
      fc.pre(share >= 0.1);
      expect(goodputOf(drawn, lane, seed)).toBeLessThan(1 - share / 2);
    }),
    { numRuns: 20 },
  );
});

/** Where the audit's least is about what there is: constant times, hardly any waiting for callees, and a cache that is full at once. */
const calm = {
  workers: fc.integer({ min: 8, max: 16 }),
  replicas: fc.integer({ min: 1, max: 2 }),
  serviceTime: mean,
  balancing: fc.constant('least-busy'),
};
const calmCall = (to: string): fc.Arbitrary<Json> =>
  fc.record({ to: fc.constant(to), times: fc.constantFrom(0.5, 1, 2) });
const calmServices = fc.oneof(
  fc.record({ web: fc.record({ ...server, serviceTime: tameTime, queue: fc.constant({}) }) }),
  fc
    .record({
      web: fc.record(calm),
      stock: fc.record(calm),
      prices: fc.record(calm),
      cache: fc.constantFrom(...KINDS[1]!.caches),
      calls: fc.tuple(calmCall('stock'), calmCall('prices')),
      isTogether: fc.boolean(),
    })
    .map(({ web, calls, isTogether, cache: kept, ...others }) => ({
      web: { ...web, ...kept, calls: isTogether ? [{ together: calls }] : calls },
      ...others,
    })),
);

test('where it finds none at a quarter more load, all are served', () => {
  fc.assert(
    fc.property(
      calmServices,
      fc.integer({ min: 20, max: 500 }),
      fc.nat(1000),
      (services, rate, seed) => {
        fc.pre(overloads(drawnOf(services, rate / 0.8)).length === 0);
        expect(goodputOf(drawnOf(services, rate), 'holdfast', seed)).toBeGreaterThan(0.99);
      },
    ),
    { numRuns: 20 },
  );
});

test('it finds none where callers try again instead of waiting for what is slow, and all are served', () => {
  // Nine of ten take 10 ms: 59 ms on average, but at most 60 until the next attempt.
  const slow = { workers: 100, serviceTime: { empirical: [...Array<number>(9).fill(10), 500] } };
  const policy = { ...stubborn, timeout: '60ms' };
  const web = { workers: 2, serviceTime: 5, calls: [{ to: 'stock', policy, idempotent: true }] };
  const hasty = drawnOf({ web, stock: slow }, 50);
  expect(overloads(hasty)).toEqual([]);
  expect(goodputOf(hasty, 'holdfast', 1)).toBeGreaterThan(0.99);
  // Whoever waits for all of it needs twice as many workers.
  const calls = [{ to: 'stock', policy: 'none' }];
  const patient = drawnOf({ web: { ...web, calls }, stock: slow }, 50);
  expect(overloads(patient)).toHaveLength(1);
  expect(goodputOf(patient, 'holdfast', 1)).toBeLessThan(0.8);
});

/** 101 ms on average. */
const oftenQuick = { mixture: [{ weight: 9, time: 1 }, { time: '1s' }] };

test.each([
  {
    where: 'in it',
    own: { serviceTime: oftenQuick, queue: { max: 1000, abandoned: 'cancelled' } },
  },
  {
    where: 'in what it calls',
    own: { serviceTime: 1, queue: { max: 1000 }, calls: [{ to: 'stock' }] },
  },
])(
  'nor where its queue leaves time for quick requests alone, and the slow ones $where are tried again until they are quick',
  ({ own }) => {
    const retry = { ...stubborn.retry, maxAttempts: 5 };
    const policy = { ...stubborn, timeout: '1100ms', bulkhead: false, retry };
    const hurried = {
      services: { web: { workers: 1, ...own }, stock: { workers: 1000, serviceTime: oftenQuick } },
      users: { to: 'web', rate: 20, idempotent: true, policy, patience: '20s' },
    };
    expect(overloads(hurried)).toEqual([]);
    expect(goodputOf(hurried, 'holdfast', 1)).toBeGreaterThan(0.99);
  },
);
