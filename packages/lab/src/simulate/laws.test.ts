/** What must hold in every world, whatever its load, its policies and its faults. */
import fc from 'fast-check';
import type { DependencyData } from 'holdfast/spec';
import { describe, expect, test } from 'vitest';
import {
  BARE,
  edge,
  type FaultParts,
  fixed,
  Witness,
  service,
  users,
  worldOf,
} from '../../test/worlds.ts';
import type { Setting } from '../../test/worlds.ts';
import type { Distribution, Edge } from '../spec/model.ts';
import type { World } from './world.ts';

/** Load and faults end at the first, and by the second all should be over. */
const DURATION = 3000;
const DRAINED = 60_000;

const time = fc.integer({ min: 1, max: 80 });
const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  time.map(fixed),
  time.map((mean) => ({ kind: 'exponential', mean }) as const),
);

const policy: fc.Arbitrary<DependencyData> = fc.record({
  timeout: fc.integer({ min: 5, max: 300 }),
  deadline: fc.constantFrom<(number | false)[]>(false, 20, 500),
  retry: fc.constantFrom(
    false,
    { maxAttempts: 3, budget: false, backoff: { base: 0 } },
    { maxAttempts: 4, budget: { ratio: 0.5 }, backoff: { base: 10 } },
  ),
  breaker: fc.constantFrom(false, {
    kind: 'consecutive',
    consecutiveFailures: 2,
    cooldown: 200,
  } as const),
  bulkhead: fc.constantFrom(false, { maxConcurrent: 2, maxQueue: 2 }),
} as const);

const call = (from: string, to: string): fc.Arbitrary<Edge> =>
  fc
    .record({
      options: policy,
      times: fc.constantFrom(1, 1, 0.5, 2),
      optional: fc.boolean(),
      keyed: fc.boolean(),
      criticality: fc.constantFrom('critical', 'sheddable'),
    } as const)
    .map(({ options, ...own }) => edge(from, to, { ...own, options: { ...BARE, ...options } }));

const parts = {
  workers: fc.integer({ min: 1, max: 3 }),
  replicas: fc.integer({ min: 1, max: 2 }),
  serviceTime: distribution,
  failures: fc.constantFrom(0, 0.3),
  balancing: fc.constantFrom('random', 'round-robin', 'least-busy'),
  queue: fc.record({
    max: fc.constantFrom(0, 2, Infinity),
    order: fc.constantFrom('fifo', 'lifo', 'priority'),
    abandoned: fc.constantFrom('executed', 'cancelled'),
    checksDeadline: fc.boolean(),
  } as const),
  idempotency: fc.record({ wait: fc.constantFrom(0, 100) }),
} as const;

const fault: fc.Arbitrary<FaultParts> = fc
  .record({
    on: fc.constantFrom('web', 'db'),
    from: fc.integer({ min: 0, max: DURATION - 1 }),
    length: fc.integer({ min: 1, max: DURATION }),
    of: fc.constantFrom<object[]>(
      { kind: 'latency', times: 5, plus: null },
      { kind: 'errors', rate: 0.5, verdict: 'overload' },
      { kind: 'outage', how: 'refuse' },
      { kind: 'outage', how: 'reset' },
      { kind: 'outage', how: 'hang' },
      { kind: 'hold' },
      { kind: 'partition', groups: [['web'], ['db', 'users']] },
      { kind: 'crash', replicas: 1 },
      { kind: 'capacity', share: 0 },
      { kind: 'slow-start', times: 9 },
      { kind: 'deploy', away: 200 },
      { kind: 'clock-skew', by: 30 },
    ),
  })
  .map(({ on, from, length, of }) => ({ on, from, to: from + length, ...of }) as FaultParts);

const setting: fc.Arbitrary<Setting> = fc
  .record({
    web: fc.record(parts),
    db: fc.record(parts),
    calls: fc.array(fc.array(call('web', 'db'), { minLength: 1, maxLength: 2 }), { maxLength: 2 }),
    from: call('users', 'web'),
    at: fc.array(fc.integer({ min: 0, max: DURATION }), { minLength: 1, maxLength: 80 }),
    faults: fc.array(fault, { maxLength: 3 }),
    seed: fc.nat(1000),
  })
  .map(({ web, db, calls, from, at, faults, seed }) => ({
    services: [service('web', { ...web, stages: numbered(calls) }), service('db', db)],
    users: [users('web', { kind: 'trace', at: at.toSorted((a, b) => a - b) }, from)],
    faults,
    duration: DURATION,
    seed,
  }));

/** Ids as a spec's edges have them. */
function numbered(stages: readonly (readonly Edge[])[]): Edge[][] {
  let count = 0;
  return stages.map((stage) => stage.map((one) => ({ ...one, id: `web > db (${++count})` })));
}

describe('in every world', () => {
  test('what comes goes, what starts ends, and nothing is left when all is over', () => {
    fc.assert(
      fc.property(setting, (given) => {
        const told = new Witness();
        const world = worldOf(given, told.probe);
        world.run(DURATION / 2);
        expectConserved(told);
        world.run(DRAINED);
        expectConserved(told);
        for (const { name } of given.services) {
          expect(told.of('loadChanged', name).at(-1)?.slice(1) ?? [0, 0]).toEqual([0, 0]);
          const edges = name === 'db' ? given.services[0]!.stages.flat() : [given.users[0]!.edge];
          const sent = edges.map(({ id }) => told.count('attemptStarted', id));
          expect(told.count('requestArrived', name)).toBe(sent.reduce((a, b) => a + b, 0));
          for (const { id } of edges) expectOver(told, id, world);
        }
      }),
      { numRuns: 150 },
    );
  });
});

/** Every call has ended, with its attempts. */
function expectOver(told: Witness, id: string, world: World): void {
  const ended = told.of('callEnded', id);
  expect(ended).toHaveLength(told.count('callStarted', id));
  const attempts = ended.reduce((sum, [, , , count]) => sum + Number(count), 0);
  expect(attempts).toBe(told.count('attemptStarted', id));
  expect(attempts).toBe(told.count('attemptEnded', id));
  expect(world.stateOf(id).inFlight).toBe(0);
}

/** Time never goes back; who has come to a service has left it, waits, or is worked on. */
function expectConserved(told: Witness): void {
  const times = told.told.map(([, , now]) => Number(now));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
  for (const name of ['web', 'db']) {
    const [, waiting, busy] = told.of('loadChanged', name).at(-1) ?? [0, 0, 0];
    const gone = told.count('requestServed', name) + told.count('requestRejected', name);
    expect(told.count('requestArrived', name)).toBe(gone + Number(waiting) + Number(busy));
  }
  for (const [, waiting, busy] of told.of('loadChanged')) {
    expect(Math.min(Number(waiting), Number(busy))).toBeGreaterThanOrEqual(0);
  }
}
