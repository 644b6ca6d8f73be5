/** What is expected of times that have no end: that nobody is kept waiting must not pass unseen. */
import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { exitCodeOf, promisesOf } from './promises.ts';
import type { JudgedExpectation } from './result.ts';
import { simulate } from './simulate.ts';

const WAITS = {
  timeout: false,
  deadline: false,
  retry: false,
  breaker: false,
  bulkhead: false,
} as const;

/** Shoppers have no timeout, and from 20 s on nothing answers them. */
function judged(expectation: string, patience = '2s'): JudgedExpectation & { code: number } {
  const fleet = fleetOf({
    services: { web: {}, spare: {} },
    users: {
      shoppers: { to: 'web', rate: 50, patience, policy: WAITS },
      robots: { to: 'spare', rate: 50, policy: 'none' },
    },
    scenarios: {
      hangs: {
        duration: '60s',
        warmUp: '2s',
        faults: [{ outage: 'web', how: 'hang', from: '20s', for: '40s' }],
        expect: [expectation],
      },
    },
  });
  const run = simulate(fleet, { scenario: 'hangs', lane: 'holdfast', seed: 1 });
  return { ...run.expectations[0]!, code: exitCodeOf(promisesOf([run])) };
}

describe('an expectation of a time without an end', () => {
  it.each(['p99 at shoppers <= 1s', 'p99 at web <= 1s', 'p95 <= 1s', 'p50 during the fault = 1s'])(
    'fails, since it took longer by the end of the run: %s',
    (text) => {
      const { value, endless, holds, code } = judged(text);
      expect({ endless, holds, code }).toEqual({ endless: true, holds: false, code: 1 });
      expect(value).toBeGreaterThan(19_000);
      expect(value).toBeLessThan(40_000);
    },
  );

  it('fails where nobody knows yet whether the answers will be good, but that they are late', () => {
    const patient = judged('p50 at shoppers during the fault <= 1s', '5m');
    expect(patient).toMatchObject({ endless: true, holds: false, code: 1 });
    // Others were answered in time.
    expect(judged('p50 during the fault <= 1s', '5m')).toMatchObject({ endless: true, code: 1 });
  });

  it('fails where others kept people waiting too long, and nobody knows how long it kept these', () => {
    const patient = { patience: '2s', policy: WAITS };
    const fleet = fleetOf({
      services: { web: {}, slow: { serviceTime: '30s' } },
      users: {
        shoppers: { to: 'web', rate: 50, ...patient },
        readers: { to: 'slow', trace: ['5s'], ...patient },
      },
      scenarios: {
        hangs: {
          duration: '60s',
          warmUp: '2s',
          faults: [{ outage: 'web', how: 'hang', from: '50s' }],
          expect: ['p99 <= 20s'],
        },
      },
    });
    const run = simulate(fleet, { scenario: 'hangs', lane: 'holdfast', seed: 1 });
    const [{ value, endless, holds }] = run.expectations as [JudgedExpectation];
    expect({ endless, holds }).toEqual({ endless: true, holds: false });
    expect(value! / 30_000).toBeCloseTo(1, 1);
  });

  it('cannot be evaluated in a run that is too short to tell', () => {
    const short = judged('p50 at shoppers during the fault <= 30s');
    expect(short).toMatchObject({ value: null, endless: false, holds: false, code: 2 });
  });

  it('holds if the time was to be long', () => {
    const long = judged('p99 at shoppers during the fault >= 10s');
    expect(long).toMatchObject({ endless: true, holds: true, code: 0 });
  });

  it('is as ever where all are answered', () => {
    const before = judged('p99 at shoppers before <= 1s');
    expect(before).toMatchObject({ endless: false, holds: true, code: 0 });
    expect(judged('p99 at robots <= 1s')).toMatchObject({ endless: false, code: 0 });
  });
});
