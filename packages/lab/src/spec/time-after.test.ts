import { describe, expect, test } from 'vitest';
import { fleetOf } from './fleet.ts';

/** Two minutes with these faults, of which the time after them is asked for. */
function asked(faults: readonly object[], expectation: string): () => unknown {
  return () =>
    fleetOf({
      services: { web: {} },
      users: { u: { to: 'web', rate: 1 } },
      scenarios: { s: { duration: '2m', faults, expect: [expectation] } },
    });
}

const slow = { latency: 'web', times: 2 };
const outage = { outage: 'web', from: '20s', for: '10s' };
const deploy = { deploy: 'web', from: '20s' };

describe.each(['goodput after >= 90%', 'recovers within 10s'])('%s', (expectation) => {
  test.each([
    ['faults that say when they end', [outage, { hold: 'web', from: '20s', to: '1m' }]],
    ['one that says itself how long it takes', [deploy]],
    ['one that comes and goes while another lasts throughout, as the fleet is', [slow, outage]],
  ])('can be asked for after %s', (_, faults) => {
    expect(asked(faults, expectation)).not.toThrow();
  });

  test.each([
    ['lasts throughout', [slow]],
    ['has no end', [{ hold: 'web', from: '20s' }]],
    ['ends with the scenario', [{ hold: 'web', from: '20s', to: '2m' }]],
    ['ends after the scenario', [{ hold: 'web', from: '20s', for: '1h' }]],
    ['lasts to the end when another is over', [outage, { hold: 'web', from: '1m' }]],
  ])('is refused where a fault %s', (_, faults) => {
    expect(asked(faults, expectation)).toThrow(
      /^scenarios\.s\.expect\[0\] is about the time after the faults, but they last until the end$/,
    );
  });
});
