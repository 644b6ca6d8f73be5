import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shop } from '../../test/specs.ts';
import { fleetOf, SpecError } from './fleet.ts';

/** All that is wrong with a spec. */
function errorOf(spec: unknown): SpecError {
  try {
    fleetOf(spec);
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
  return new SpecError([]);
}

function wrong(spec: unknown): readonly string[] {
  return errorOf(spec).problems.map(({ message }) => message);
}

const small = { services: { web: { calls: [{ to: 'db' }] }, db: {} } };
const withUsers = { ...small, users: { u: { to: 'web', rate: 1 } } };
const inScenario = (scenario: object): object => ({ ...withUsers, scenarios: { s: scenario } });

describe('what is wrong with a spec', () => {
  test.each<[string, object]>([
    ["servces is not an option; did you mean 'services'?", { ...small, servces: {} }],
    ['services is missing', {}],
    ['services must have at least one service', { services: {} }],
    ['scenarios.s cannot run', { services: { a: {} }, scenarios: { s: {} } }],
    ['services.web must be an object, like {} for all defaults, got 3', { services: { web: 3 } }],
    ['services.a b is no name', { services: { 'a b': {} } }],
    [
      "services.web.calls[0].to must be the name of a service; there is no 'dv', did you mean 'db'?",
      {
        services: { web: { calls: [{ to: 'dv' }] }, db: {} },
      },
    ],
    ['services.web.calls[0].to is missing', { services: { web: { calls: [{}] } } }],
    [
      "services.web.calls[0].policy must be the name of a policy, options of dependency(), or 'none'; there is no 'x'",
      {
        services: { web: { calls: [{ to: 'db', policy: 'x' }] }, db: {} },
      },
    ],
    [
      "services.web.calls[0].policy.timeot is not an option; did you mean 'timeout'?",
      {
        services: { web: { calls: [{ to: 'db', policy: { timeot: 3 } }] }, db: {} },
      },
    ],
    ['policies.p.classify is code', { ...small, policies: { p: { classify: 'http' } } }],
    [
      'policies.p.breaker.maxCooldown must be at least policies.p.breaker.cooldown',
      {
        ...small,
        policies: { p: { breaker: { cooldown: '10m', maxCooldown: '1s' } } },
      },
    ],
    ['policies.none is a reserved name', { ...small, policies: { none: {} } }],
    [
      'services.web.replicas must be a whole number from 1 to 1000, got 1000000000',
      { services: { web: { replicas: 1e9 } } },
    ],
    [
      'services.web.failures must be a share from 0 to 1, or like \'50%\', got "120%"',
      { services: { web: { failures: '120%' } } },
    ],
    [
      "services.web.queue.max must be a whole number from 0 to 1000000, or 'unbounded', got -1",
      { services: { web: { queue: { max: -1 } } } },
    ],
    [
      'services.web.serviceTime must be a duration from 0ms to 24h, got -1',
      {
        services: { web: { serviceTime: -1 } },
      },
    ],
    ['got the keys exponental', { services: { web: { serviceTime: { exponental: 3 } } } }],
    [
      'services.web.serviceTime.mixture needs a weight above 0',
      {
        services: { web: { serviceTime: { mixture: [{ weight: 0, time: 1 }] } } },
      },
    ],
    [
      "services.web.idempotency.leese is not an option; did you mean 'lease'?",
      { services: { web: { idempotency: { leese: '30s' } } } },
    ],
    [
      "services.web.idempotency.onExpiredLease must be one of 'refuse', 'takeover', got \"retry\"",
      { services: { web: { idempotency: { onExpiredLease: 'retry' } } } },
    ],
    [
      'services.web.idempotency must be an object, like {} for all defaults, got true',
      { services: { web: { idempotency: true } } },
    ],
    [
      'services.web.idempotency.retention must be at least the lease, 30s; got 10s',
      { services: { web: { idempotency: { retention: '10s' } } } },
    ],
    [
      'services.db.cache.keys comes to 120000000 entries, with the replicas and the caches before; at most 100000000',
      {
        services: {
          web: { replicas: 2, cache: { keys: 10_000_000 }, calls: [{ to: 'db' }] },
          db: { replicas: 1000, cache: { keys: 100_000 }, calls: [{ to: 'disk' }] },
          disk: {},
        },
      },
    ],
    [
      'services.web.calls cannot be stated for an external service',
      {
        services: { web: { external: true, calls: [{ to: 'db' }] }, db: {} },
      },
    ],
    [
      'services.web.livenessAsks[0] is the service itself',
      {
        services: { web: { livenessAsks: ['web'] } },
      },
    ],
    [
      'users.web is also the name of a service',
      { ...small, users: { web: { to: 'db', rate: 1 } } },
    ],
    ['users.u needs a `rate`, `clients` or a `trace`', { ...small, users: { u: { to: 'db' } } }],
    [
      'users.u has `rate` and `clients`',
      { ...small, users: { u: { to: 'db', rate: 1, clients: 2 } } },
    ],
    [
      'users.u.trace[1] must not be earlier',
      { ...small, users: { u: { to: 'db', trace: [5, 3] } } },
    ],
    [
      'users.u.rate[1].at must be later',
      {
        ...small,
        users: {
          u: {
            to: 'db',
            rate: [
              { at: 0, rate: 1 },
              { at: 0, rate: 2 },
            ],
          },
        },
      },
    ],
    ['lanes.naive is a built-in lane', { ...small, lanes: { naive: {} } }],
    [
      'lanes.l does not fit web > db: policy.breaker.maxCooldown',
      {
        services: {
          web: { calls: [{ to: 'db', policy: { breaker: { maxCooldown: '1m' } } }] },
          db: {},
        },
        lanes: { l: { breaker: { cooldown: '5m' } } },
      },
    ],
    [
      'scenarios.s.warmUp must end before the scenario',
      inScenario({ duration: '1s', warmUp: '1s' }),
    ],
    [
      "scenarios.s.load.x must be the name of users; there is no 'x'",
      inScenario({ load: { x: { rate: 1 } } }),
    ],
    [
      'users.u would send 864000000 requests; at most 100000000',
      {
        ...small,
        users: { u: { to: 'db', rate: 10_000 } },
        scenarios: { s: { duration: '24h' } },
      },
    ],
    [
      "cache-flush, deploy, clock-skew; got the keys from, outige, did you mean 'outage'?",
      inScenario({ faults: [{ from: 1, outige: 'db' }] }),
    ],
    [
      'scenarios.s.faults[0] is latency and outage',
      inScenario({ faults: [{ outage: 'db', latency: 'db' }] }),
    ],
    [
      "scenarios.s.faults[0].outage must be the name of a service; there is no 'x'",
      inScenario({ faults: [{ outage: 'x' }] }),
    ],
    [
      'scenarios.s.faults[0] takes `to` or `for`',
      inScenario({ faults: [{ hold: 'db', from: 1, to: 5, for: 5 }] }),
    ],
    [
      'scenarios.s.faults[0].to must be later',
      inScenario({ faults: [{ hold: 'db', from: 5, to: 5 }] }),
    ],
    ['scenarios.s.faults[0] needs `to` or `for`', inScenario({ faults: [{ 'slow-start': 'db' }] })],
    [
      "scenarios.s.faults[0].from must be before the scenario's end at 100s",
      inScenario({ duration: '100s', faults: [{ hold: 'db', from: '100s' }] }),
    ],
    [
      "scenarios.s.faults[1].from must be later than the warm-up's end at 10s: the run is compared with what is measured before the fault; got 5s",
      inScenario({
        warmUp: '10s',
        faults: [
          { hold: 'db', from: '11s', for: '1s' },
          { hold: 'db', from: '5s', for: '20s' },
        ],
      }),
    ],
    [
      "scenarios.s.faults[0].from must be later than the warm-up's end at 0ms",
      inScenario({ faults: [{ hold: 'db', for: '1s' }] }),
    ],
    [
      'scenarios.s.faults[0].replicas must be at most 1',
      inScenario({ faults: [{ crash: 'db', replicas: 2 }] }),
    ],
    [
      'scenarios.s.faults[0].cache-flush must be a service with a cache',
      inScenario({ faults: [{ 'cache-flush': 'db', from: 5 }] }),
    ],
    [
      'scenarios.s.expect[0] is about a fault, but the scenario has none',
      inScenario({ expect: ['recovers within 10s'] }),
    ],
    [
      "scenarios.s.expect[0] is about a fault, but the scenario has none: leave out 'during the fault'",
      inScenario({ expect: ['goodput during the fault >= 5%'] }),
    ],
    [
      'accept[0].because must be a text, not empty',
      { ...small, accept: [{ rule: 'x', because: ' ' }] },
    ],
    [
      'accept[0].at must be a service, users or an edge',
      {
        ...small,
        accept: [{ rule: 'x', at: 'db > web', because: 'y' }],
      },
    ],
  ])('%s', (message, spec) => {
    const [only, ...more] = wrong(spec);
    expect(only).toContain(message);
    expect(more).toEqual([]);
  });

  test('is the cycle that calls go in, by its services', () => {
    const services = {
      web: { calls: [{ to: 'a' }] },
      a: { calls: [{ together: [{ to: 'b' }] }] },
      b: { calls: [{ to: 'web', times: 0.1 }, { to: 'b' }] },
    };
    expect(wrong({ services })).toEqual([
      'services.b.calls[0] closes a cycle of calls without end: web > a > b > web',
      'services.b.calls[1] closes a cycle of calls without end: b > b',
    ]);
  });

  test('is more calls than any simulation would end', () => {
    const ladder = Array.from({ length: 900 }, (_, i) => [
      `s${i}`,
      { calls: [{ to: `s${i + 1}` }, { to: `s${i + 1}` }] },
    ]);
    const services = { ...(Object.fromEntries(ladder) as object), s900: {} };
    expect(wrong({ services, users: { u: { to: 's0', rate: 1 } } })).toEqual([
      expect.stringMatching(/^users\.u would call s900 .* times for one request; at most 100000/),
    ]);
  });

  test('is said all at once, each with its path', () => {
    const spec = {
      policies: { p: { classify: 'http', retrys: 3 } },
      services: { a: {}, 'a.b': { replicas: -1, calls: [{ to: 'x' }] } },
      users: { u: { to: 'y', rate: -5 } },
      scenarios: { s: { expect: ['p99 <= 5'], faults: [{ outage: 'z' }] } },
    };
    const { problems, message } = errorOf(spec);
    expect(problems.map(({ path }) => path)).toEqual([
      ['policies', 'p', 'classify'],
      ['policies', 'p', 'retrys'],
      ['services', 'a.b', 'replicas'],
      ['services', 'a.b', 'calls', 0, 'to'],
      ['users', 'u', 'to'],
      ['users', 'u', 'rate'],
      ['scenarios', 's', 'faults', 0, 'outage'],
      ['scenarios', 's', 'expect', 0],
    ]);
    expect(message.split('\n')).toHaveLength(8);
  });

  test('is not said of what follows from something wrong', () => {
    const faults = [{ latncy: 'db' }, { outage: 'db', from: '5m' }];
    const expectations = ['recovers within 10s'];
    const scenario = { duration: '10 minutes', warmUp: '2m', faults, expect: expectations };
    expect(wrong(inScenario(scenario))).toEqual([
      expect.stringMatching(/^scenarios\.s\.duration must be a duration/),
      expect.stringMatching(/^scenarios\.s\.faults\[0\] must be a fault/),
    ]);
  });

  test('ends after two hundred, of which fifty are printed', () => {
    const services = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`s${i}`, 3]));
    const { problems, message } = errorOf({ services });
    expect(problems).toHaveLength(200);
    expect(message.split('\n')).toHaveLength(51);
    expect(message).toContain('and 150 more');
  });

  test('is told in a line for terminals, whatever keys hold', () => {
    const spec = { services: { web: {}, 'a\n\u001B[31mb': {} }, ['x'.repeat(1e4)]: 1 };
    expect(wrong(spec)).toEqual([
      expect.stringMatching(/^x{100}…\sis not an option/),
      expect.stringMatching(/^services\.a\?\[31mb is no name/),
    ]);
  });

  test('is never anything but a SpecError, whatever is put in place of a part', () => {
    const places = pathsOf(shop());
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue({ maxDepth: 3 }), (path, value) => {
        const spec = structuredClone(shop()) as object;
        put(spec, path, value);
        expect(wrong(spec).every((message) => message !== '')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, part]) => pathsOf(part, [...path, key]));
  return path.length === 0 ? inner : [path, ...inner];
}

function put(target: object, path: readonly string[], value: unknown): void {
  const last = path.at(-1)!;
  let node = target as Record<string, unknown>;
  for (const key of path.slice(0, -1)) node = node[key] as Record<string, unknown>;
  node[last] = value;
}
