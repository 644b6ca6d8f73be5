import { describe, expect, test } from 'vitest';
import { fleetOf } from '../spec/fleet.ts';
import { type RunOptions, simulate } from './simulate.ts';

const fleet = fleetOf({
  services: { web: {} },
  users: { shoppers: { to: 'web', rate: 1 } },
  scenarios: { day: { duration: '10s' } },
});

describe('wrong options of a run are refused', () => {
  const right: RunOptions = { scenario: 'day', lane: 'holdfast', seed: 1 };
  test.each<[string, object, Error]>([
    [
      'misspelt clients, without which it would be another run',
      { client: {} },
      new TypeError("simulate.client is not an option; did you mean 'clients'?"),
    ],
    [
      'no seed',
      { seed: undefined },
      new RangeError('simulate.seed must be a whole number from 0 to 4294967295, got undefined'),
    ],
    [
      'a seed that the command does not take',
      { seed: -1 },
      new RangeError('simulate.seed must be a whole number from 0 to 4294967295, got -1'),
    ],
    [
      'a bound that never cuts',
      { maxEvents: NaN },
      new RangeError('simulate.maxEvents must be at least 1, got NaN'),
    ],
    [
      'a bound that is text',
      { maxEvents: '9' },
      new RangeError('simulate.maxEvents must be at least 1, got 9'),
    ],
    [
      'a scenario that is not there',
      { scenario: 'night' },
      new RangeError("The spec has no scenario 'night'; there are: day"),
    ],
  ])('%s', (_what, wrong, error) => {
    expect(() => simulate(fleet, { ...right, ...wrong })).toThrow(error);
  });
});

test('what is no fleet, and a run of which nothing is said, are refused by name', () => {
  const right: RunOptions = { scenario: 'day', lane: 'holdfast', seed: 1 };
  const said =
    "simulate: the first argument must be a fleet, as fleetOf() makes it, and as loadFleet()'s answer has it under `fleet`";
  for (const wrong of [undefined, null, 'holdfast.yaml', { services: {} }, { fleet }]) {
    expect(() => simulate(wrong as never, right)).toThrow(new TypeError(said));
  }
  for (const options of [undefined, null, 'day']) {
    expect(() => simulate(fleet, options as never)).toThrow(
      new TypeError('simulate: the second argument must be { scenario, lane, seed }'),
    );
  }
});
