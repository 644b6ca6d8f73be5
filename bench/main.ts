/**
 * `npm run bench [-- --json] [-- --only NAME] [-- --no-peers] [-- --update]`: what a protected call
 * costs, beside a hand-written minimum and the peers, in one run. `--update` puts the tables into
 * docs/guides/performance.md as well. The exit code is 1 when a promise does not hold, and 2 when
 * one could not be judged.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exitCode, judge, type Judged } from './judge.ts';
import { run } from './run.ts';
import type { Samples } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';
import { spreadOf } from './stats.ts';
import { goalsTable, tableOf } from './table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    'no-peers': { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
  },
});
const names = scenarios.map(({ name }) => name);
const chosen = scenarios.filter(({ name }) => values.only?.includes(name) ?? true);
const unknown = values.only?.find((name) => !names.includes(name));
if (unknown !== undefined) {
  console.error(`bench: --only takes ${names.join(', ')}; got '${unknown}'`);
  process.exit(2);
}

const { node } = process.versions;
const machine = `Node ${node}, ${process.platform}-${process.arch}, ${cpus().length} x ${cpus()[0]!.model.trim()}`;
const promises: Judged[] = [];
const figures: Record<string, unknown> = {};
const page: string[] = [];
say(`${machine}. Medians, and in parentheses where the middle half lies.\n`);
for (const scenario of chosen) {
  console.error(`bench: ${scenario.name} (after ${Math.round(performance.now() / 1000)} s)`);
  const samples = await run(scenario, Number(values.seed), values['no-peers']);
  const judged = scenario.goals.map((goal) => judge(goal, samples));
  promises.push(...judged.map((one) => ({ ...one, name: `${scenario.name}: ${one.name}` })));
  figures[scenario.name] = spreads(samples);
  say(tableOf(scenario, samples, judged));
}
if (chosen.length > 1) say(`### all goals\n\n${goalsTable(promises)}\n`);
if (values.json) console.log(JSON.stringify({ machine, promises, figures }));
if (values.update) update(join(import.meta.dirname, '../docs/guides/performance.md'));
process.exitCode = exitCode(promises);

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
