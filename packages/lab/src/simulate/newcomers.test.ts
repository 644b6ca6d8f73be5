import { describe, expect, it } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { simulate } from './simulate.ts';

const come = (rate: number, from = 0) => ({ to: 'web', rate: [{ at: from, rate }] });

/** Regulars come all the time, and others from a minute on, to a service of which so many answers are errors. */
function verdicts(failures: number, faults: readonly object[]): string[] {
  const fleet = fleetOf({
    services: { web: { workers: 20, serviceTime: '20ms', failures } },
    users: { regulars: come(50), newcomers: come(5, 60_000) },
    scenarios: { s: { duration: '5m', warmUp: '10s', faults } },
  });
  const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
  const kinds = seeds.map(
    (seed) => simulate(fleet, { scenario: 's', lane: 'holdfast', seed }).verdict.kind,
  );
  return [...new Set(kinds)];
}

const nothing = { latency: 'web', times: 1, from: '40s', for: '5s' };

describe('users of whom none came before', () => {
  it('are served well where a few fail, as always', () => {
    expect(verdicts(0.01, [nothing])).toEqual(['stable']);
    expect(verdicts(0.01, [])).toEqual(['stable']);
  });

  it('are expected to be served all the same', () => {
    expect(verdicts(0, [{ outage: 'web', from: '40s', for: '30s' }])).toEqual(['degraded']);
    expect(verdicts(0, [{ outage: 'web', from: '40s' }])).toEqual(['degraded']);
    expect(verdicts(0.01, [{ errors: 'web', rate: '30%', from: '55s' }])).toEqual(['degraded']);
  });
});
