import { type DependencyData, formatDuration, type ParsedOf } from 'holdfast/spec';
import { notKnown } from './descriptors.ts';
import { stagesOf } from './edges.ts';
import { checkGraph } from './graph.ts';
import { checkLanes, laneOf, LANES } from './lanes.ts';
import type { Accepted, Fleet, Idempotency, Service, SpecPath, Users } from './model.ts';
import { arrivalsOf } from './arrivals.ts';
import { SpecError, SpecProblems } from './problems.ts';
import { scenarioOf } from './scenarios.ts';
import { type specTable, specPart } from './tables.ts';

export { SpecError };

/** Entries of all caches of all replicas: a simulation has room for each from its beginning. */
const MAX_ENTRIES = 100_000_000;

const CAPACITY = ['workers', 'serviceTime'] as const;

type ParsedSpec = ParsedOf<typeof specTable>;
type ParsedService = ParsedSpec['services'] extends ReadonlyMap<string, infer S> ? S : never;
type ParsedUsers = ParsedSpec['users'] extends ReadonlyMap<string, infer U> ? U : never;
type Named = ReadonlyMap<string, DependencyData>;

/**
 * A fleet from its spec in the file's form, as a plain object.
 *
 * @throws SpecError with all that is wrong with it.
 */
export function fleetOf(spec: unknown): Fleet {
  const problems = new SpecProblems(spec);
  const parsed = specPart.parse(spec ?? {}, '', problems);
  const fleet = build(parsed, problems);
  checkNames(fleet, parsed, problems);
  checkCaches(fleet, problems);
  checkGraph(fleet, problems);
  checkLanes(fleet, problems);
  problems.throwAny();
  return fleet;
}

/**
 * Who writes no types may hand in a spec, a file's name, or what `loadFleet` answers, whole.
 *
 * @param by whoever was handed it.
 * @throws TypeError for what is no fleet.
 */
export function checkFleet(given: unknown, by: string): void {
  if ((given as Partial<Fleet> | undefined | null)?.scenarios instanceof Map) return;
  throw new TypeError(
    `${by}: the first argument must be a fleet, as fleetOf() makes it, and as loadFleet()'s answer has it under \`fleet\``,
  );
}

function build(parsed: ParsedSpec, problems: SpecProblems): Fleet {
  const { name, policies } = parsed;
  const services = mapValues(parsed.services, (service, key) =>
    serviceOf(key, service, policies, problems),
  );
  const users = mapValues(parsed.users, (given, key) => usersOf(key, given, policies, problems));
  const lanes = new Map([...LANES, ...mapValues(parsed.lanes, laneOf)]);
  const whole = { name, services, users, lanes, scenarios: new Map(), accepted: [] };
  return {
    ...whole,
    scenarios: mapValues(parsed.scenarios, (given, key) => scenarioOf(key, given, whole, problems)),
    accepted: parsed.accept.map((given, i) => acceptedOf(given, whole, ['accept', i], problems)),
  };
}

function mapValues<A, B>(
  map: ReadonlyMap<string, A>,
  of: (a: A, key: string) => B,
): Map<string, B> {
  return new Map([...map].map(([key, value]) => [key, of(value, key)]));
}

function serviceOf(
  name: string,
  given: ParsedService,
  policies: Named,
  problems: SpecProblems,
): Service {
  const path = ['services', name];
  const { external, replicas, recoveryTime, shutdown, livenessAsks } = given;
  if (external && given.calls.length > 0) {
    problems.at(
      [...path, 'calls'],
      'cannot be stated for an external service: whom it calls is unknown',
    );
  }
  const own = livenessAsks.indexOf(name);
  if (own !== -1) problems.at([...path, 'livenessAsks', own], 'is the service itself');
  const { workers, serviceTime, queue, failures, balancing, cache, idempotency } = given;
  checkRetention(idempotency, path, problems);
  if (cache !== null && given.calls.length === 0 && !problems.isWrong([...path, 'calls'])) {
    problems.at(
      [...path, 'cache'],
      'has no effect: it saves the calls of its service, and the service makes none',
    );
  }
  return {
    name,
    path,
    external,
    replicas,
    server: { workers, serviceTime, queue, failures, balancing, cache },
    stated: new Set(CAPACITY.filter((key) => problems.states([...path, key]))),
    idempotency,
    stages: stagesOf(name, given.calls, policies),
    recoveryTime,
    shutdown,
    livenessAsks,
  };
}

function checkRetention(given: Idempotency | null, path: SpecPath, problems: SpecProblems): void {
  if (given === null || given.retention >= given.lease) return;
  const [retention, lease] = [formatDuration(given.retention), formatDuration(given.lease)];
  const message = `must be at least the lease, ${lease}; got ${retention}`;
  problems.at([...path, 'idempotency', 'retention'], message);
}

function checkCaches(fleet: Fleet, problems: SpecProblems): void {
  let entries = 0;
  for (const { path, replicas, server } of fleet.services.values()) {
    entries += replicas * (server.cache?.keys ?? 0);
    if (entries <= MAX_ENTRIES) continue;
    const sum = `comes to ${entries} entries, with the replicas and the caches before`;
    problems.at([...path, 'cache', 'keys'], `${sum}; at most ${MAX_ENTRIES}`);
    return;
  }
}

function usersOf(name: string, given: ParsedUsers, policies: Named, problems: SpecProblems): Users {
  const path = ['users', name];
  const { to, policy, idempotent, keyed, criticality, patience } = given;
  const call = { to, policy, idempotent, keyed, criticality, times: 1, optional: false };
  const [[edge]] = stagesOf(name, [call], policies, { path, patience }) as [[Users['edge']]];
  return { name, path, edge, arrivals: arrivalsOf(given, path, problems), patience };
}

function acceptedOf(
  given: { rule: string; at: string | null; because: string },
  fleet: Fleet,
  path: SpecPath,
  problems: SpecProblems,
): Accepted {
  const edges = [...fleet.services.values()].flatMap(({ stages }) => stages.flat());
  const places = [
    ...fleet.services.keys(),
    ...fleet.users.keys(),
    ...[...edges, ...[...fleet.users.values()].map(({ edge }) => edge)]
      .filter(({ to }) => to !== '')
      .map(({ id }) => id),
  ];
  if (given.at !== null && !places.includes(given.at)) {
    const range = 'a service, users or an edge';
    problems.at([...path, 'at'], notKnown(given.at, range, places));
  }
  return given;
}

/** What one name alone cannot tell. */
function checkNames(fleet: Fleet, parsed: ParsedSpec, problems: SpecProblems): void {
  if (fleet.services.size === 0 && problems.count === 0) {
    problems.at(['services'], 'must have at least one service');
  }
  const [scenario] = parsed.scenarios.keys();
  if (scenario !== undefined && fleet.users.size === 0 && problems.count === 0) {
    problems.at(
      ['scenarios', scenario],
      'cannot run, because the spec has no users and so nobody calls',
    );
  }
  for (const name of fleet.users.keys()) {
    if (fleet.services.has(name)) {
      problems.at(
        ['users', name],
        'is also the name of a service: choose another name, so that edges are unambiguous',
      );
    }
  }
  if (parsed.policies.has('none')) {
    problems.at(['policies', 'none'], 'is a reserved name: it means no policy');
  }
  for (const name of parsed.lanes.keys()) {
    if (LANES.has(name)) problems.at(['lanes', name], 'is a built-in lane: choose another name');
  }
}
