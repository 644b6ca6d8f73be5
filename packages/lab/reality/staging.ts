import { readFile } from 'node:fs/promises';
import { milliseconds } from 'holdfast/spec';
import { fleetOf } from '../src/spec/fleet.ts';
import { loadFleet, readSpec } from '../src/spec/load.ts';
import type { Arrivals, Fleet, Scenario, Service } from '../src/spec/model.ts';
import type { SpecData } from '../src/spec/tables.ts';
import { triggerOf } from '../src/simulate/trigger.ts';

/** A horizon of so many times the trigger is where the simulator begins to speak of metastable. */
const HORIZON = 20;
/** The faults that `Server` knows. */
const FAULTS: readonly string[] = ['latency', 'outage', 'capacity'];

/**
 * The fleet of a spec that can be staged: run by processes.
 *
 * @throws SpecError for what is wrong with the spec, Error for what in it cannot be staged.
 */
export async function stageable(file: string): Promise<Fleet> {
  const { fleet } = await loadFleet(file);
  const problems = [
    ...[...fleet.services.values()].flatMap(problemsOf),
    ...[...fleet.scenarios.values()].flatMap((scenario) => problemsIn(scenario, fleet)),
  ];
  if (fleet.scenarios.size === 0) problems.push('there are no scenarios');
  if (problems.length > 0) throw new Error(`${file} cannot be staged: ${problems.join('; ')}`);
  return fleet;
}

/** The same spec with each named policy's timeout doubled in turn, by the policy's name. */
export async function misstated(file: string): Promise<Map<string, Fleet>> {
  // It has been loaded already: it can be read, and is a spec.
  const spec = readSpec(await readFile(file, 'utf8'), file).spec as SpecData;
  const wrong = new Map<string, Fleet>();
  for (const [name, policy] of Object.entries(spec.policies ?? {})) {
    const timeout = milliseconds(policy.timeout);
    if (Number.isNaN(timeout)) continue;
    const doubled = { ...policy, timeout: 2 * timeout };
    wrong.set(name, fleetOf({ ...spec, policies: { ...spec.policies, [name]: doubled } }));
  }
  return wrong;
}

/** When users come, in a scenario that can be staged. */
export function arrivalsOf(fleet: Fleet, scenario: Scenario, users: string): OpenArrivals {
  return (scenario.load.get(users) ?? fleet.users.get(users)!.arrivals) as OpenArrivals;
}

type OpenArrivals = Extract<Arrivals, { readonly kind: 'open' }>;

function problemsOf({ name, server, idempotency, stages }: Service): string[] {
  const { queue } = server;
  const edges = stages.flat();
  const checks: readonly (readonly [isFine: boolean, problem: string])[] = [
    [queue.order === 'fifo', 'its queue is not fifo'],
    [queue.abandoned === 'executed', 'it cancels what is abandoned'],
    [server.balancing === 'random', 'its balancing is not random'],
    [server.failures === 0, 'it fails by itself'],
    [server.cache === null, 'it has a cache'],
    [idempotency === null, 'it remembers keys'],
    [edges.every(({ times }) => Number.isInteger(times)), 'it calls by chance'],
    [new Set(edges.map(({ to }) => to)).size === edges.length, 'it calls one service twice'],
  ];
  return checks.filter(([isFine]) => !isFine).map(([, problem]) => `${name}: ${problem}`);
}

function problemsIn(scenario: Scenario, fleet: Fleet): string[] {
  const { name, faults, duration } = scenario;
  const problems = faults
    .filter(({ kind }) => !FAULTS.includes(kind))
    .map(({ kind }) => `there is no ${kind}, only ${FAULTS.join(', ')}`);
  for (const users of fleet.users.keys()) {
    if (arrivalsOf(fleet, scenario, users).kind !== 'open') problems.push(`${users} have no rate`);
  }
  const trigger = triggerOf(fleet, scenario);
  if (trigger !== null && duration - trigger.to >= HORIZON * (trigger.to - trigger.from)) {
    problems.push('it is long enough to be metastable, which takes another run to tell');
  }
  return problems.map((problem) => `${name}: ${problem}`);
}
