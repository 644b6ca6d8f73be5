import { basename } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { htmlReport } from '../report/html.ts';
import { markdownReport } from '../report/markdown.ts';
import { type Job, runJobs } from '../simulate/jobs.ts';
import { exitCodeOf, JUDGED_LANE, type Promised, promisesOf } from '../simulate/promises.ts';
import { graphOf, type SimulationReport } from '../simulate/report.ts';
import type { RunResult } from '../simulate/result.ts';
import { MAX_SEED, spreadsOf } from '../simulate/seeds.ts';
import { fleetWith, parseSweep, sweepOf, type SweepRange, sweptOf } from '../simulate/sweep.ts';
import { loadFleet } from '../spec/load.ts';
import type { Fleet } from '../spec/model.ts';
import { columnsOf } from './columns.ts';
import { interruptible } from './interruption.ts';
import { jsonPieces, writePieces } from './json-pieces.ts';
import { asGiven, once } from './once.ts';
import type { Outcome } from './outcome.ts';
import { progressBar } from './progress.ts';
import { summary } from './summary.ts';
import { mustBeWritable, writeAll } from './write.ts';

interface Options {
  readonly scenario?: string;
  readonly seed: number;
  readonly seeds: number;
  readonly lanes: readonly string[];
  readonly sweep?: SweepRange;
  readonly out?: string;
  readonly json?: boolean;
}

/** Lanes, unless others are asked for. */
const COMPARED: readonly string[] = ['naive', JUDGED_LANE];

/** What is run: each of these with each of the others. */
interface Plan {
  readonly fleet: Fleet;
  /** What a sweep varies. */
  readonly spec: unknown;
  readonly scenarios: readonly string[];
  readonly lanes: readonly string[];
  readonly seeds: readonly number[];
}

/**
 * `holdfast simulate`: what becomes of the fleet in its scenarios. The outcome is 1 when an expectation
 * does not hold, and 2 when one could not be judged.
 */
export function addSimulate(program: Command, outcome: Outcome): void {
  program
    .command('simulate')
    .description("rehearse the spec's scenarios in virtual time, with the production code")
    .argument('[spec]', 'the spec, YAML or JSON', 'holdfast.yaml')
    .option('--scenario <name>', 'only this scenario; all of them by default', once(asGiven))
    .option(
      '--seed <n>',
      'seed of all random numbers; the same seed gives the same output',
      once(integerFrom(0, MAX_SEED)),
      1,
    )
    .option('--seeds <k>', 'how many seeds to run, from --seed on', once(integerFrom(1, 1000)), 1)
    .addOption(
      new Option('--lanes <names>', 'policies to compare, separated by commas')
        .argParser(once(listOf))
        .default(COMPARED, COMPARED.join(',')),
    )
    .option(
      '--sweep <range>',
      'PARAM=FROM..TO/STEP: repeat the run for each value of a parameter of the spec',
      once(sweepRange),
    )
    .option(
      '--out <file>',
      'write an HTML report, with Markdown and JSON beside it',
      once(htmlFile),
    )
    .option('--json', 'end with one line of JSON')
    .action(async (file: string, options: Options, command: Command) => {
      outcome.code = await simulateSpec(file, options, command);
    });
}

async function simulateSpec(
  file: string,
  options: Options,
  command: Command,
): Promise<Outcome['code']> {
  const { fleet, spec } = await loadFleet(file);
  const plan = planOf(fleet, spec, options);
  // What is found out after all runs is found out late.
  for (const name of reportFiles(options.out)) await mustBeWritable(name, file);
  const { writeOut, writeErr, getOutHasColors } = command.configureOutput();
  const [first] = plan.seeds;
  writeOut?.(
    plan.seeds.length === 1 ? `seed ${first}\n` : `seeds ${first} to ${plan.seeds.at(-1)}\n`,
  );
  const { report, runs } = await reportOf(file, plan, options);
  const promises = promisesOf(runs);
  if (options.out !== undefined) {
    await writeReports(options.out, report);
    writeErr?.(`${options.out} is there, with Markdown and JSON beside it\n`);
  }
  const look = { colours: getOutHasColors?.() ?? false, columns: columnsOf(command) };
  if (options.json === true) {
    await writePieces(jsonPieces(asJson(report, runs, promises)), process.stdout);
    writeOut?.('\n');
  } else writeOut?.(summary(report, promises, look));
  return codeOf(plan, options, promises, command);
}

/** Expectations that nobody has evaluated do not hold. A sweep looks for where they would. */
function codeOf(
  { fleet, lanes, scenarios }: Plan,
  { sweep }: Options,
  promises: readonly Promised[],
  command: Command,
): Outcome['code'] {
  if (sweep !== undefined || lanes.includes(JUDGED_LANE)) return exitCodeOf(promises);
  const expected = scenarios.some((name) => fleet.scenarios.get(name)!.expectations.length > 0);
  if (!expected) return 0;
  const { writeErr } = command.configureOutput();
  writeErr?.(
    `holdfast: the expectations were not judged, because --lanes does not name ${JUDGED_LANE}\n`,
  );
  return 2;
}

function planOf(fleet: Fleet, spec: unknown, options: Options): Plan {
  const all = [...fleet.scenarios.keys()];
  if (all.length === 0)
    throw new RangeError('the spec has no scenarios: there is nothing to simulate');
  const scenarios = options.scenario === undefined ? all : [options.scenario];
  for (const name of scenarios) known(name, '--scenario', all);
  for (const name of options.lanes) known(name, '--lanes', [...fleet.lanes.keys()]);
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i);
  if (seeds.at(-1)! > MAX_SEED) throw new RangeError(`--seeds: the last seed is ${MAX_SEED}`);
  return { fleet, spec, scenarios, lanes: [...new Set(options.lanes)], seeds };
}

async function reportOf(
  file: string,
  plan: Plan,
  options: Options,
): Promise<{ report: SimulationReport; runs: readonly RunResult[] }> {
  const { fleet, scenarios, seeds } = plan;
  const fleets = options.sweep === undefined ? [fleet] : sweptFleets(plan, options.sweep);
  const jobs = fleets.flatMap((each) => jobsOf(plan, each));
  const bar = progressBar(process.stderr, jobs.length === 1 ? '1 run' : `${jobs.length} runs`);
  const keep = options.sweep === undefined ? {} : { keep: sweptOf };
  const all = await interruptible((signal) =>
    runJobs(jobs, { ...keep, onProgress: bar.show, signal }).finally(bar.end),
  );
  const runs = options.sweep === undefined ? all : [];
  const report: SimulationReport = {
    fleet: fleet.name,
    command: commandOf(file, options),
    seeds,
    graph: graphOf(fleet),
    scenarios: scenarios.map((name) => ({ name, about: fleet.scenarios.get(name)!.about })),
    runs: runs.filter((run) => run.seed === seeds[0]),
    spreads: seeds.length === 1 ? [] : spreadsOf(runs),
    sweep: options.sweep === undefined ? null : sweepOf(options.sweep, chunks(all, fleets.length)),
  };
  return { report, runs };
}

function jobsOf({ scenarios, lanes, seeds }: Plan, fleet: Fleet): Job[] {
  return scenarios.flatMap((scenario) =>
    lanes.flatMap((lane) => seeds.map((seed) => ({ fleet, scenario, lane, seed }))),
  );
}

/** @throws RangeError when all fleets are alike in what is run: a table of one line would seem to be of many. */
function sweptFleets({ spec, scenarios, lanes }: Plan, range: SweepRange): Fleet[] {
  const fleets = range.values.map((value) => fleetWith(spec, range, value));
  const runs = fleets.map((fleet) => scenarios.map((name) => whatRuns(fleet, name, lanes)));
  if (runs.length > 1 && runs.every((run) => isDeepStrictEqual(run, runs[0]))) {
    throw new RangeError(
      `--sweep ${range.parameter} has no effect on ${scenarios.join(', ')}: ` +
        'nothing that is run uses it, or something else counts in its place, as a load of the scenario does',
    );
  }
  return fleets;
}

/** What one scenario's runs depend on. */
function whatRuns(fleet: Fleet, name: string, lanes: readonly string[]): unknown {
  const scenario = fleet.scenarios.get(name)!;
  const users = Array.from(fleet.users.values(), (each) => ({
    ...each,
    arrivals: scenario.load.get(each.name) ?? each.arrivals,
  }));
  return [scenario, users, fleet.services, lanes.map((lane) => fleet.lanes.get(lane))];
}

function chunks<T>(values: readonly T[], count: number): T[][] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => values.slice(i * size, (i + 1) * size));
}

function asJson(
  { command, fleet, seeds, spreads, sweep }: SimulationReport,
  runs: readonly RunResult[],
  promises: readonly Promised[],
): Readonly<Record<string, unknown>> {
  return { command, fleet, seeds, scenarios: runs, spreads, sweep, promises };
}

async function writeReports(out: string, report: SimulationReport): Promise<void> {
  const texts = [htmlReport(report), markdownReport(report), `${JSON.stringify(report)}\n`];
  await writeAll(reportFiles(out).map((file, i) => [file, texts[i]!]));
}

/** HTML, with Markdown and JSON beside it. */
function reportFiles(out: string | undefined): readonly string[] {
  if (out === undefined) return [];
  const beside = out.replace(/\.html$/, '');
  return [out, `${beside}.md`, `${beside}.json`];
}

/** What makes the same report again; where the spec lies and where the report goes is nobody's business. */
function commandOf(file: string, { scenario, seed, seeds, lanes, sweep }: Options): string {
  const words = ['holdfast', 'simulate', basename(file)];
  if (scenario !== undefined) words.push('--scenario', scenario);
  words.push('--seed', String(seed));
  if (seeds > 1) words.push('--seeds', String(seeds));
  words.push('--lanes', lanes.join(','));
  if (sweep !== undefined) words.push('--sweep', sweep.text);
  return words.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w.,:=/-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function known(name: string, option: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new RangeError(`${option}: the spec has no '${name}'; it has ${names.join(', ')}`);
}

function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function listOf(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (!names.includes('')) return names;
  throw new InvalidArgumentError('It must be names with commas between them, like naive,holdfast.');
}

function sweepRange(text: string): SweepRange {
  try {
    return parseSweep(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function htmlFile(text: string): string {
  if (text.endsWith('.html')) return text;
  throw new InvalidArgumentError('It must end with .html; .md and .json are written beside it.');
}
