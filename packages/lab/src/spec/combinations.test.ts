/** What the JSON Schema says of keys that go together, or do not, is what the reader says. */
import { describe, expect, test } from 'vitest';
import { fits } from '../../test/json-schema.ts';
import { fleetOf, SpecError } from './fleet.ts';
import { specSchema } from './schema.ts';

const schema = specSchema();

type Options = Readonly<Record<string, unknown>>;

/** Each with some of these keys, and all of it. */
function subsetsOf(all: Options): Options[] {
  return Object.entries(all).reduce<Options[]>(
    (some, [key, value]) => some.flatMap((one) => [one, { ...one, [key]: value }]),
    [{}],
  );
}

const services = { web: {}, db: {} };
const users = { u: { to: 'web', rate: 1 } };

const inUsers = (given: Options) => ({ services, users: { u: { to: 'web', ...given } } });
const inLoad = (given: Options) => ({
  services,
  users,
  scenarios: { s: { load: { u: given } } },
});
const inService = (given: Options) => ({ services: { ...services, front: given } });
const inFaults = (given: Options) => ({ services, users, scenarios: { s: { faults: [given] } } });
const inPolicy = (given: Options) => ({ services, policies: { p: given } });
const onEdge = (given: Options) => ({
  services: { ...services, front: { calls: [{ to: 'db', policy: given }] } },
});
const inRetry = (given: Options) => inPolicy({ retry: given });

function readerTakes(spec: unknown): boolean {
  try {
    fleetOf(spec);
    return true;
  } catch (error) {
    if (error instanceof SpecError) return false;
    throw error;
  }
}

const arrivals = { rate: 5, arrivals: 'constant', clients: 2, think: '1s', trace: [1, 2] };
const ends = { to: '40s', for: '10s' };

const breakers = ['time', 'count', 'consecutive', undefined].flatMap((kind) =>
  subsetsOf({
    window: '10s',
    windowCalls: 50,
    consecutiveFailures: 3,
    failureRate: 0.4,
    slowCallRate: 0.4,
    minimumCalls: 5,
    rampMinimumCalls: 3,
    cooldown: '5s',
  }).map((options) => (kind === undefined ? options : { kind, ...options })),
);
const budgets = ['window', 'token-bucket', undefined].flatMap((kind) =>
  subsetsOf({ window: '5s', capacity: 5, ratio: 0.2 }).map((options) =>
    kind === undefined ? options : { kind, ...options },
  ),
);
const backoffs = ['exponential', 'linear', 'constant', 'custom', undefined].flatMap((kind) =>
  ['full', 'decorrelated', 'proportional', 'equal', 'none', undefined].flatMap((jitter) =>
    subsetsOf({ base: '1s', factor: 3, max: '9s' }).map((options) => ({
      ...options,
      ...(kind === undefined ? {} : { kind }),
      ...(jitter === undefined ? {} : { jitter }),
    })),
  ),
);
const fallbacks = [
  true,
  false,
  ...subsetsOf({ value: 1, stale: true, timeout: '1s' }),
  { stale: false },
  { stale: {} },
  { value: 1, stale: false },
];

const faults = [
  ...subsetsOf({ times: 2, plus: '1s', ...ends }).map((one) => ({ latency: 'web', ...one })),
  ...subsetsOf({ times: 2, ...ends }).map((one) => ({ 'slow-start': 'web', ...one })),
  ...subsetsOf({ how: 'reset', ...ends }).map((one) => ({ outage: 'web', ...one })),
  ...subsetsOf({ away: '1s', ...ends }).map((one) => ({ deploy: 'web', ...one })),
  ...subsetsOf({ partition: 'web', and: ['u'], ...ends }),
  ...[[], 'u', ['u'], 7, [7]].map((and) => ({ partition: ['web'], and })),
  ...subsetsOf({ outage: 'web', hold: 'web', times: 2 }),
].map((one) => ({ ...one, from: '20s' }));

const times = subsetsOf({ exponential: '5ms', stages: 2, erlang: '5ms', cv: 2, mixture: [] });

describe('the JSON Schema takes what the reader takes', () => {
  test.each<[string, readonly unknown[]]>([
    ['users', subsetsOf(arrivals).map(inUsers)],
    ["a scenario's load", subsetsOf(arrivals).map(inLoad)],
    [
      'services',
      subsetsOf({ external: true, cache: {}, calls: [{ to: 'db' }], queue: {} }).map(inService),
    ],
    ['a cache of nothing', [inService({ cache: {}, calls: [] }), inService({ calls: [] })]],
    ['faults', faults.map(inFaults)],
    ['times', times.map((serviceTime) => inService({ serviceTime }))],
    ['breakers', breakers.map((breaker) => inPolicy({ breaker }))],
    ['breakers of edges', breakers.slice(0, 64).map((breaker) => onEdge({ breaker }))],
    ['budgets', budgets.map((budget) => inRetry({ budget }))],
    ['backoffs', backoffs.map((backoff) => inRetry({ backoff }))],
    ['fallbacks', fallbacks.map((fallback) => inPolicy({ fallback }))],
    ['parts that are off', [inPolicy({ breaker: false, retry: { budget: true } })]],
  ])('%s', (_what, specs) => {
    const taken = specs.filter((spec) => readerTakes(spec));
    expect(taken).not.toHaveLength(0);
    expect(specs.filter((spec) => fits(schema, spec))).toEqual(taken);
  });

  test('lanes, whose options lie over those that say of which kind they are', () => {
    const laid = { breaker: { windowCalls: 50 } };
    const edge = { to: 'web', policy: { breaker: { kind: 'count' } } };
    const spec = { services: { web: {}, front: { calls: [edge] } }, lanes: { longer: laid } };
    expect([readerTakes(spec), fits(schema, spec)]).toEqual([true, true]);
    expect([readerTakes(inPolicy(laid)), fits(schema, inPolicy(laid))]).toEqual([false, false]);
  });
});
