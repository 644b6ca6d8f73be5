/**
 * `npm run reality [-- --help]`: the simulator against processes, sockets and time as they are. See
 * docs/guides/reality.md. The exit code is 1 when a promise does not hold, 2 when one could not be judged.
 */
import { type Check, exitCode, tableOf } from '../../../scripts/tasks/checks.ts';
import { simulate } from '../src/simulate/simulate.ts';
import type { Fleet } from '../src/spec/model.ts';
import { readArguments } from './arguments.ts';
import { compare, keptUp, noticed } from './compare.ts';
import { type RealRun, stage } from './stage.ts';
import { misstated, stageable } from './staging.ts';

/** The virtual runs whose median is taken: so many that chance is left to the real ones. */
const VIRTUAL_RUNS = 30;
/** What the machine did not keep up with is run again: at most so many times the runs that are wanted. */
const PERSISTENCE = 2;
const DOUBT = 'the machine did not keep up';

const { json, file, scenario: only, runs, seed, misstate } = readArguments();
const out = json ? process.stderr : process.stdout;
const promises: Check[] = [];
const real = new Map<string, readonly RealRun[]>();

// `reality | head`: nobody reads on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(2));
try {
  await compareAll();
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`reality: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
const kept = promises.filter(({ holds }) => holds === true).length;
out.write(`\n${kept} of ${promises.length} hold\n`);
if (json) console.log(JSON.stringify({ seed, promises, runs: [...real.values()].flatMap(brief) }));

async function compareAll(): Promise<void> {
  const fleet = await stageable(file);
  const wrong = await misstated(file);
  const rehearsed = misstate === undefined ? fleet : pick(wrong, misstate, '--misstate');
  if (only !== undefined) pick(fleet.scenarios, only, '--scenario');
  const scenarios = only === undefined ? [...fleet.scenarios.keys()] : [only];
  out.write(`seed ${seed}; ${runs} real runs of each scenario\n`);
  for (const scenario of scenarios) {
    out.write(`\n${scenario}: ${fleet.scenarios.get(scenario)!.about}\n`);
    real.set(scenario, await perform(fleet, scenario));
    report(scenario, judge(rehearsed, scenario));
  }
  // One scenario need not show every timeout.
  if (only !== undefined || misstate !== undefined || wrong.size === 0) return;
  out.write('\nmis-stated: the same real runs, against a spec with one timeout twice as long\n');
  const right = [...promises];
  const checks = Array.from(wrong, ([policy, other]) =>
    noticed(
      policy,
      right,
      scenarios.flatMap((scenario) => judge(other, scenario)),
    ),
  );
  report('mis-stated', checks);
}

/** Real runs, one after another, until the machine has kept up with enough of them. */
async function perform(fleet: Fleet, scenario: string): Promise<RealRun[]> {
  const all: RealRun[] = [];
  while (all.filter(keptUp).length < runs && all.length < PERSISTENCE * runs) {
    process.stderr.write(`${scenario}: real run ${all.length + 1}\n`);
    all.push(await stage({ file, fleet, scenario, seed: seed + all.length }));
  }
  return all;
}

/** The real runs of a scenario, against virtual ones of this fleet. */
function judge(fleet: Fleet, scenario: string): Check[] {
  const virtual = Array.from({ length: VIRTUAL_RUNS }, (_, run) =>
    simulate(fleet, { scenario, lane: 'holdfast', seed: seed + run }),
  );
  return compare(virtual, real.get(scenario)!, runs);
}

function report(about: string, checks: readonly Check[]): void {
  out.write(tableOf(checks, DOUBT));
  promises.push(...checks.map((check) => ({ ...check, name: `${about}: ${check.name}` })));
}

function pick<V>(all: ReadonlyMap<string, V>, name: string, option: string): V {
  const value = all.get(name);
  if (value !== undefined) return value;
  throw new Error(`${option} takes one of: ${[...all.keys()].join(', ')}; got '${name}'`);
}

function brief(all: readonly RealRun[]): object[] {
  return all.map(({ result: { scenario, seed: own, verdict, phases }, pace }) => ({
    scenario,
    seed: own,
    verdict,
    pace: phases.map(({ name }, phase) => ({ phase: name, ...pace[phase] })),
  }));
}
