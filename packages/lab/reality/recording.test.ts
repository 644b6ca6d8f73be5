import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from 'holdfast';
import { simulate } from '../src/simulate/simulate.ts';
import { createWorld } from '../src/simulate/world.ts';
import { loadFleet } from '../src/spec/load.ts';
import { Witness } from '../test/worlds.ts';
import type { Told } from './part.ts';
import { resultOfRecording } from './recording.ts';

const { fleet } = await loadFleet(join(import.meta.dirname, 'shop.yaml'));

/** Everything that happens in a virtual run, told by nobody in particular and in no order. */
function toldIn(scenario: string, seed: number): Told[] {
  const witness = new Witness();
  const staged = fleet.scenarios.get(scenario)!;
  const lane = fleet.lanes.get('holdfast')!;
  const world = createWorld({ fleet, scenario: staged, lane, seed, probe: witness.probe });
  world.run(staged.duration);
  const random = seededRandom(seed);
  return (witness.told as readonly unknown[] as readonly Told[])
    .map((told) => ({ told, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ told }) => told);
}

test.each([...fleet.scenarios.keys()])(
  'what a run tells is counted and judged as the simulator counts and judges it: %s',
  (name) => {
    const expected = simulate(fleet, { scenario: name, lane: 'holdfast', seed: 3 });
    const scenario = fleet.scenarios.get(name)!;
    const told = toldIn(name, 3);
    const late: Told = ['userArrived', 'shoppers', scenario.duration + 1];
    const result = resultOfRecording({ fleet, scenario, seed: 3, told: [late, ...told] });
    expect(result.verdict).toEqual(expected.verdict);
    expect(result.users).toEqual(expected.users);
    expect(result.edges.map((edge) => edge.byPhase)).toEqual(
      expected.edges.map((edge) => edge.byPhase),
    );
  },
);
