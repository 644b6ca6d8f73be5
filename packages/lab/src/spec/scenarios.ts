import type { ParsedOf } from 'holdfast/spec';
import { arrivalsOf, checkVolume } from './arrivals.ts';
import { notKnown } from './descriptors.ts';
import { exactDuration } from './exact-duration.ts';
import { parseExpectation } from './expectation.ts';
import type { FaultOf } from './faults.ts';
import type { Arrivals, Expectation, Fault, Fleet, Scenario, SpecPath } from './model.ts';
import { checkGroups } from './partition.ts';
import type { SpecProblems } from './problems.ts';
import type { scenarioTable } from './tables.ts';

/** A scenario, checked against the fleet that it happens to. */
export function scenarioOf(
  name: string,
  given: ParsedOf<typeof scenarioTable>,
  fleet: Fleet,
  problems: SpecProblems,
): Scenario {
  const path = ['scenarios', name];
  const { about, duration, warmUp } = given;
  const end = problems.isWrong([...path, 'duration']) ? Infinity : duration;
  if (warmUp >= end) {
    const range = `must end before the scenario, which takes ${exactDuration(duration)}`;
    problems.at([...path, 'warmUp'], `${range}; got ${exactDuration(warmUp)}`);
  }
  const stated = given.faults.map((fault, i) =>
    fault === null ? null : faultOf(fault, end, fleet, [...path, 'faults', i], problems),
  );
  const faults = stated.filter((fault) => fault !== null);
  for (const { from, to, path: where } of faults) {
    // What lasts throughout is how the fleet is: nobody waits for it to be as before.
    if (from > warmUp || to >= duration || problems.isWrong([...where, 'from'])) continue;
    const later = `must be later than the warm-up's end at ${exactDuration(warmUp)}`;
    const why = 'the run is compared with what is measured before the fault';
    problems.at([...where, 'from'], `${later}: ${why}; got ${exactDuration(from)}`);
  }
  const asked: Asked = {
    hasFaults: stated.length > 0,
    // When one ends that is wrong nobody knows.
    hasTimeAfter: stated.includes(null) || areOver(faults, warmUp, end),
  };
  return {
    name,
    path,
    about,
    duration,
    warmUp,
    load: loadOf(given, fleet, path, problems),
    faults,
    expectations: given.expect.flatMap((text, i) =>
      text === '' ? [] : expectationOf(text, asked, fleet, [...path, 'expect', i], problems),
    ),
  };
}

function loadOf(
  { load, duration }: ParsedOf<typeof scenarioTable>,
  fleet: Fleet,
  path: SpecPath,
  problems: SpecProblems,
): Map<string, Arrivals> {
  const instead = new Map<string, Arrivals>();
  for (const [name, given] of load) {
    const inner = [...path, 'load', name];
    if (!fleet.users.has(name)) {
      problems.at(inner, notKnown(name, 'the name of users', [...fleet.users.keys()]));
    }
    instead.set(name, arrivalsOf(given, inner, problems));
  }
  for (const [name, { arrivals, path: own }] of fleet.users) {
    const where = instead.has(name) ? [...path, 'load', name] : own;
    checkVolume(instead.get(name) ?? arrivals, duration, where, problems);
  }
  return instead;
}

function faultOf(
  given: FaultOf,
  end: number,
  fleet: Fleet,
  path: SpecPath,
  problems: SpecProblems,
): Fault {
  if (given.from >= end) {
    problems.at([...path, 'from'], `must be before the scenario's end at ${exactDuration(end)}`);
  }
  if (given.kind === 'partition') {
    checkGroups(given.groups, fleet, path, problems);
    return { ...given, path };
  }
  const service = fleet.services.get(given.on);
  if (service === undefined) return { ...given, path };
  const { replicas, server } = service;
  if (given.kind === 'crash' && given.replicas > replicas) {
    const most = `must be at most ${replicas}: ${given.on} has no more`;
    problems.at([...path, 'replicas'], `${most}; got ${given.replicas}`);
  }
  if (given.kind === 'cache-flush' && server.cache === null) {
    problems.at([...path, 'cache-flush'], `must be a service with a cache; ${given.on} has none`);
  }
  return { ...given, to: endOf(given, replicas), path };
}

/** Some faults say themselves how long they take. */
function endOf(given: FaultOf, replicas: number): number {
  if (given.kind === 'cache-flush') return given.from;
  return given.kind === 'deploy' ? given.from + replicas * given.away : given.to;
}

/** Whether a scenario has what expectations may ask for. */
interface Asked {
  readonly hasFaults: boolean;
  readonly hasTimeAfter: boolean;
}

/** Whether faults come, and all that do are gone before the end: what lasts throughout is how the fleet is. */
function areOver(faults: readonly Fault[], warmUp: number, end: number): boolean {
  const come = faults.filter(({ from, to }) => from > warmUp || to < end);
  return come.length > 0 && come.every(({ to }) => to < end);
}

function expectationOf(
  text: string,
  { hasFaults, hasTimeAfter }: Asked,
  fleet: Fleet,
  path: SpecPath,
  problems: SpecProblems,
): Expectation[] {
  const parsed = parseExpectation(text, {
    services: [...fleet.services.keys()],
    users: [...fleet.users.keys()],
  });
  if (typeof parsed === 'string') {
    problems.at(path, parsed);
    return [];
  }
  const isAboutAfter = parsed.during === 'after' || parsed.measure === 'recovery';
  if (!hasFaults && (isAboutAfter || parsed.during !== 'all')) {
    const phase = parsed.during === 'fault' ? 'during the fault' : parsed.during;
    const instead = phase === 'all' ? '' : `: leave out '${phase}'`;
    problems.at(path, `is about a fault, but the scenario has none${instead}`);
  } else if (isAboutAfter && !hasTimeAfter) {
    problems.at(path, 'is about the time after the faults, but they last until the end');
  }
  return [{ ...parsed, path }];
}
