import { describe, expect, test } from 'vitest';
import { fleetOf, SpecError } from './fleet.ts';
import { readSpec } from './load.ts';

/** All that is said of a spec in YAML. */
function said(text: string): readonly string[] {
  try {
    fleetOf(readSpec(text, 'f').spec);
  } catch (error) {
    if (error instanceof SpecError) return error.problems.map(({ message }) => message);
    throw error;
  }
  return [];
}

const policy = (options: string): readonly string[] =>
  said(`policies: { p: ${options} }\nservices: { web: {} }`);

describe('code in a spec', () => {
  test.each([
    ['{ classify: x }', 'p.classify is code, which a spec cannot have: set it where the'],
    ['{ onEvent: x }', 'p.onEvent is code, which a spec cannot have: set it where the'],
    ['{ fallback: { run: x } }', 'p.fallback.run is code, which a spec cannot have: set it where'],
    [
      '{ fallback: { stale: { keyOf: x } } }',
      'p.fallback.stale.keyOf is code, which a spec cannot',
    ],
    ['{ retry: { onRetry: x } }', 'p.retry.onRetry is code, which a spec cannot have'],
    [
      '{ retry: { backoff: { kind: custom, custom: x } } }',
      'p.retry.backoff.custom is code, which a spec cannot have',
    ],
  ])('%s: a function is not asked for', (options, message) => {
    const [first, ...more] = policy(options);
    expect(first).toContain(`policies.${message}`);
    expect(more).toEqual([]);
  });

  test('nor has it a number that services would read as null', () => {
    expect(policy('{ fallback: { value: { eta: [1, .inf] } } }')).toEqual([
      'policies.p.fallback.value must be JSON, which has no .inf and no .nan',
    ]);
  });

  test('hides nothing else that is wrong, and functions of a spec in code are taken', () => {
    expect(policy('{ timeot: 1s, retry: { onRetry: x, maxAttempts: 0 } }')).toHaveLength(3);
    const p = { fallback: { run: () => 1 }, retry: { onRetry: () => {} } };
    expect(() => fleetOf({ policies: { p }, services: { web: {} } })).not.toThrow();
    expect(() => fleetOf({ policies: { p: { classify: () => 'success' } } })).toThrow('is code');
  });
});

describe('what is wrong is told once', () => {
  const web = 'services: { web: {} }\n';
  const scenario = (fault: string): string =>
    `${web}users: { u: { to: web, rate: 1 } }\nscenarios: { s: { duration: 5m, faults: [${fault}] } }`;
  test.each([
    ['users of another kind', `${web}users: { u: 5 }`, 'users.u must be an object'],
    [
      'a load of another kind',
      `${web}users: { u: { to: web, rate: 1 } }\nscenarios: { s: { load: { u: 5 } } }`,
      'scenarios.s.load.u must be an object',
    ],
    [
      'a fault from nowhere',
      scenario('{ outage: web, from: -1, for: 5s }'),
      'scenarios.s.faults[0].from must be a duration',
    ],
    [
      'a piece of a rate that begins too late',
      `${web}users: { u: { to: web, rate: [{ at: 0, rate: 1 }, { at: 25h, rate: 2 }] } }`,
      'users.u.rate[1].at must be a duration from 0ms to 24h',
    ],
    [
      'a trace with a word in it',
      `${web}users: { u: { to: web, trace: [x, 5, 3] } }`,
      'users.u.trace[0] must be a duration from 0ms to 24h',
    ],
    [
      'a mixture of nothing',
      'services: { web: { serviceTime: { mixture: [] } } }',
      'services.web.serviceTime.mixture must be a list of 1 to 100',
    ],
    [
      'one object in place of a list',
      'services: { web: { calls: [{ together: { to: web } }] } }',
      'services.web.calls[0].together must be a list of 1 to 100: an object { to, ... }, got an object',
    ],
  ])('%s', (_what, text, message) => {
    const [first, ...more] = said(text);
    expect(first).toContain(message);
    expect(more).toEqual([]);
  });
});

test.each([
  ['a Map', new Map([['workers', 0]]), 'an instance of Map'],
  ['a Date', new Date(0), 'an instance of Date'],
])('%s is no object by name: nobody would see what is in it', (_what, web, message) => {
  expect(() => fleetOf({ services: { web } })).toThrow(`got ${message}`);
});

test.each([
  ['\u200Bservices: {}', "?services is not an option; did you mean 'services'?"],
  ['services:\n\u00A0\u00A0web: {}', '?web is not an option'],
  ['services: { web: { workers: 5\u00A0 } }', 'got "5?"'],
])('what nobody sees in %j is shown', (text, message) => {
  expect(said(text)[0]).toContain(message);
});
