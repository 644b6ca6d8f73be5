/**
 * `npm run bench [-- --help]`: what a protected call costs, beside a hand-written minimum and the
 * peers, in one run. `--update` puts the tables into docs/guides/performance.md as well. The exit
 * code is 1 when a promise does not hold, and 2 when one could not be judged.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { argumentsOf, integer } from '../scripts/tasks/arguments.ts';
import { exitCode } from '../scripts/tasks/checks.ts';
import { judge, type Judged } from './judge.ts';
import { run } from './run.ts';
import type { Samples } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { spreadOf } from './stats.ts';
import { goalsTable, tableOf } from './table.ts';

const NAMES = scenarios.map(({ name }) => name);

const USAGE = `usage: npm run bench -- [options]

  --only NAME  ${NAMES.join(', ')}; may be given more than once
  --no-peers   only Holdfast and the minimum
  --update     puts all the tables into docs/guides/performance.md as well
  --seed N     of the order in which candidates take turns; a whole number, 1 by default
  --json       the figures as JSON, on the last line
  --help
`;

const { only, seed, ...values } = argumentsOf('bench', USAGE, () => {
  const given = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: NAMES },
      'no-peers': { type: 'boolean', default: false },
      update: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
    },
  }).values;
  const unknown = given.only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only takes ${NAMES.join(', ')}; got '${unknown}'`);
  if (given.update && (given.only !== NAMES || given['no-peers'])) {
    throw new Error('--update writes all tables anew, so it goes without --only and --no-peers');
  }
  return { ...given, seed: integer('--seed', given.seed, 0, 1e9) };
});
const chosen = scenarios.filter(({ name }) => only.includes(name));

const { node } = process.versions;
const machine = `Node ${node}, ${process.platform}-${process.arch}, ${cpus().length} x ${cpus()[0]!.model.trim()}`;
const promises: Judged[] = [];
const figures: Record<string, unknown> = {};
const page: string[] = [];
say(`${machine}. Medians, and in parentheses where the middle half lies.\n`);
try {
  for (const scenario of chosen) {
    console.error(`bench: ${scenario.name} (after ${Math.round(performance.now() / 1000)} s)`);
    const samples = await run(scenario, seed, values['no-peers']);
    const judged = scenario.goals.map((goal) => judge(goal, samples));
    promises.push(...judged.map((one) => ({ ...one, name: `${scenario.name}: ${one.name}` })));
    figures[scenario.name] = spreads(samples);
    say(tableOf(scenario, samples, judged));
  }
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`bench: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
if (chosen.length > 1) say(`### all goals\n\n${goalsTable(promises)}\n`);
if (values.json) console.log(JSON.stringify({ machine, promises, figures }));
if (values.update && Object.keys(figures).length === chosen.length) {
  update(join(import.meta.dirname, '../docs/guides/performance.md'));
}

function say(text: string): void {
  page.push(text);
  if (!values.json) console.log(text);
}

function spreads(samples: Samples): unknown {
  return Object.fromEntries(
    Object.entries(samples).map(([metric, byName]) => [
      metric,
      Object.fromEntries(Object.entries(byName).map(([name, all]) => [name, spreadOf(all)])),
    ]),
  );
}

/** Everything after the page's last heading is the tables. */
function update(path: string): void {
  const [heading] = /^[^]*\n## Measured\n/.exec(readFileSync(path, 'utf8'))!;
  writeFileSync(path, `${heading}\n${page.join('\n').trim()}\n`);
}
