/**
 * `npm run bench [-- --json] [-- --only NAME] [-- --no-peers]`: what a protected call costs, beside
 * a hand-written minimum and the peers, in one run. The exit code is 1 when a promise does not
 * hold, and 2 when one could not be judged.
 */
import { cpus } from 'node:os';
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
    seed: { type: 'string', default: '1' },
  },
});
const chosen = scenarios.filter(({ name }) => values.only?.includes(name) ?? true);
if (chosen.length === 0) {
  console.error(`bench: --only takes ${scenarios.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const { node } = process.versions;
const machine = `Node ${node}, ${process.platform}-${process.arch}, ${cpus().length} x ${cpus()[0]!.model.trim()}`;
const promises: Judged[] = [];
const figures: Record<string, unknown> = {};
if (!values.json)
  console.log(`${machine}\nFigures are medians, with where the middle half lies.\n`);
for (const scenario of chosen) {
  console.error(`bench: ${scenario.name} (after ${Math.round(performance.now() / 1000)} s)`);
  const samples = await run(scenario, Number(values.seed), values['no-peers']);
  const judged = scenario.goals.map((goal) => judge(goal, samples));
  promises.push(...judged.map((one) => ({ ...one, name: `${scenario.name}: ${one.name}` })));
  figures[scenario.name] = spreads(samples);
  if (!values.json) console.log(tableOf(scenario, samples, judged));
}

if (values.json) console.log(JSON.stringify({ machine, promises, figures }));
else if (chosen.length > 1) console.log(`## all goals\n\n${goalsTable(promises)}`);
process.exitCode = exitCode(promises);

function spreads(samples: Samples): unknown {
  return Object.fromEntries(
    Object.entries(samples).map(([metric, byName]) => [
      metric,
      Object.fromEntries(Object.entries(byName).map(([name, all]) => [name, spreadOf(all)])),
    ]),
  );
}
