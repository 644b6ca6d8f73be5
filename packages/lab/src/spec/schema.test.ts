import { describe, expect, test } from 'vitest';
import { fits } from '../../test/json-schema.ts';
import { initSpec } from './init.ts';
import { readSpec } from './load.ts';
import { specSchema } from './schema.ts';

const whole = specSchema();

const services = { web: { calls: [{ to: 'db' }, { together: [{ to: 'db', policy: 'none' }] }] } };

describe('the JSON Schema of a spec', () => {
  test('is plain JSON of the draft that editors read', () => {
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
    expect(whole['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  });

  test.each<[string, unknown]>([
    ['the spec to start from', readSpec(initSpec(), 'holdfast.yaml').spec],
    ['calls at once', { services }],
    ['all of them', { services: { web: { failures: '100 %' }, db: { failures: '099.5%' } } }],
    ['sections that are commented out', { services, users: null, scenarios: null, lanes: null }],
    [
      'distributions',
      {
        services: { web: { serviceTime: { mixture: [{ time: '5ms' }, { time: { erlang: 5 } }] } } },
      },
    ],
    ['policies', { services, policies: { p: { retry: { budget: false }, breaker: false } } }],
    ['faults', { services, scenarios: { s: { faults: [{ errors: 'web', rate: '50%' }] } } }],
    ['pieces', { services, users: { u: { to: 'web', rate: [{ at: '1s', rate: 5 }] } } }],
  ])('lets pass %s', (_what, spec) => expect(fits(whole, spec)).toBe(true));

  test.each<[string, unknown]>([
    ['nothing', {}],
    ['an unknown key', { services, nmae: 'x' }],
    ['a call to nobody', { services: { web: { calls: [{ times: 2 }] } } }],
    ['a name with a space', { services: { 'a b': {} } }],
    ['a number out of range', { services: { web: { replicas: 0 } } }],
    ['a wrong policy', { services, policies: { p: { retry: { maxAttempts: 0 } } } }],
    ['code', { services, policies: { p: { classify: 'x' } } }],
    ['a wrong distribution', { services: { web: { serviceTime: { exponental: 5 } } } }],
    ['no services', { services: {} }],
    ['services that are commented out', { services: null }],
    ['an empty reason', { services, accept: [{ rule: 'no-fallback', because: ' ' }] }],
    ['more than all', { services: { web: { failures: '100.5%' } } }],
    ['a policy with the name of none', { services, policies: { none: {} } }],
    ['a lane that is there already', { services, lanes: { naive: {} } }],
    [
      'a lane whose fallback has nothing',
      { services, lanes: { l: { fallback: { stale: false } } } },
    ],
    ['a wrong fault', { services, scenarios: { s: { faults: [{ outige: 'web' }] } } }],
  ])('stops %s', (_what, spec) => expect(fits(whole, spec)).toBe(false));
});
