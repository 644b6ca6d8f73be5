import { describe, expect, test } from 'vitest';
import { fleetOf, SpecError } from './fleet.ts';

function wrong(spec: unknown): readonly string[] {
  try {
    fleetOf(spec);
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

const inLoad = (load: object): object => ({
  ...small,
  users: { u: { to: 'web', rate: 1 } },
  scenarios: { s: { duration: '1m', load: { u: load } } },
});
const inFault = (fault: object): object => ({
  ...small,
  users: { u: { to: 'web', rate: 1 } },
  scenarios: { s: { faults: [fault] } },
});

const small = { services: { web: { calls: [{ to: 'db' }] }, db: {} } };
/** A lane over edges of two kinds. */
const onKinds = (lane: object): object => ({
  services: { web: { calls: [{ to: 'db', policy: 'quick' }, { to: 'db' }] }, db: {} },
  policies: {
    quick: { breaker: { kind: 'consecutive' }, retry: { budget: { kind: 'token-bucket' } } },
  },
  lanes: { l: lane },
});

describe('a key that has no effect beside the others', () => {
  test.each<[string, object]>([
    [
      "policies.p.breaker.consecutiveFailures has no effect with kind 'time': it is for kind 'consecutive'",
      { ...small, policies: { p: { breaker: { consecutiveFailures: 3 } } } },
    ],
    [
      'lanes.l.retry.budget.capacity has no effect: no edge uses the `kind` that it is for',
      { ...small, lanes: { l: { retry: { budget: { capacity: 3 } } } } },
    ],
    [
      'lanes.l.breaker.windowCalls has no effect: no edge uses the `kind` that it is for',
      onKinds({ breaker: { windowCalls: 50, cooldown: '1s' } }),
    ],
    [
      'users.u.think has no effect with `rate`: it is for `clients`',
      { ...small, users: { u: { to: 'web', rate: 1, think: '2s' } } },
    ],
    [
      'users.u.think has no effect with `trace`: it is for `clients`',
      { ...small, users: { u: { to: 'web', trace: [1], think: '1s' } } },
    ],
    [
      'users.u.arrivals has no effect with `clients`: it is for `rate`',
      { ...small, users: { u: { to: 'web', clients: 1, arrivals: 'poisson' } } },
    ],
    [
      'scenarios.s.load.u.arrivals has no effect with `trace`: it is for `rate`',
      inLoad({ trace: [1], arrivals: 'constant' }),
    ],
    [
      'scenarios.s.faults[0] needs `times` or `plus`: how much longer it takes',
      inFault({ latency: 'db', from: '1s', for: '1s' }),
    ],
    [
      'services.db.cache has no effect: it saves the calls of its service, and the service makes none',
      { services: { db: { cache: {} } } },
    ],
    [
      'lanes.l changes nothing: every edge has `policy: none`',
      { services: { db: {} }, users: { u: { to: 'db', rate: 1 } }, lanes: { l: { retry: false } } },
    ],
  ])('is wrong: %s', (message, spec) => {
    expect(wrong(spec)).toEqual([expect.stringContaining(message)]);
  });

  test.each([
    { ...small, users: { u: { to: 'web', rate: 1, arrivals: 'poisson', think: undefined } } },
    { ...small, users: { u: { to: 'web', clients: 1, think: '0ms' } } },
    inLoad({ clients: 2, think: '2s' }),
    inFault({ latency: 'db', plus: '5ms', from: '1s' }),
    inFault({ latency: 'db', times: 1, from: '1s' }),
    { services: { web: { cache: {}, calls: [{ to: 'db' }] }, db: {} } },
    onKinds({ breaker: { consecutiveFailures: 3 }, retry: { budget: { capacity: 5 } } }),
    onKinds({ breaker: { kind: 'time', failureRate: 0.2 } }),
  ])('is none where it has one: %j', (spec) => {
    expect(wrong(spec)).toEqual([]);
  });
});

test('a way to come that is written wrong is not said to be missing', () => {
  expect(wrong({ ...small, users: { u: { to: 'web', clients: 0 } } })).toEqual([
    'users.u.clients must be a whole number from 1 to 1000000, got 0',
  ]);
});
