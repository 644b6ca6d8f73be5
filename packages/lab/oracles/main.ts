/**
 * `npm run oracles [-- --help]`: the simulator against what is known of queues, retries and overload. See
 * docs/guides/oracles.md. The exit code is 1 when a promise does not hold, 2 when one could not be judged.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { argumentsOf, integer } from '../../../scripts/tasks/arguments.ts';
import { type Check, exitCode, tableOf } from '../../../scripts/tasks/checks.ts';
import { DOUBT, LAST_FIRST_SEED, laws, seedsFrom } from './laws.ts';
import { runAll } from './pool.ts';

const NAMES = laws.map(({ name }) => name);

const USAGE = `usage: npm run oracles -- [options]

  --only NAME   one of these, may be given more than once:
                ${NAMES.join('\n                ')}
  --seed FIRST  of the twenty; a whole number, 1 by default
  --json        the figures as JSON, on the last line; all else goes to stderr
  --help
`;

const { json, which, seeds } = argumentsOf('oracles', USAGE, readArguments);
const out = json ? process.stderr : process.stdout;
const promises: Check[] = [];

out.write(`seeds ${seeds[0]} to ${seeds.at(-1)}; where theory gives a mean, the runs' has a 99 % `);
out.write('interval (Bonferroni over all such checks) of half width < 3 %\n');
try {
  for await (const { law, samples } of runAll(which, seeds, availableParallelism())) {
    const { name, about, judge } = laws[law]!;
    const checks = judge(samples, DOUBT);
    out.write(`\n${name}: ${about}\n${tableOf(checks, 'the runs differ too much')}`);
    promises.push(...checks.map((check) => ({ ...check, name: `${name}: ${check.name}` })));
  }
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`oracles: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
const kept = promises.filter(({ holds }) => holds === true).length;
out.write(`\n${kept} of ${promises.length} hold\n`);
if (json) console.log(JSON.stringify({ seeds, doubt: DOUBT, promises }));

/** Which laws, by their place, and with which seeds. */
function readArguments(): { json: boolean; which: number[]; seeds: readonly number[] } {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: NAMES },
      seed: { type: 'string', default: '1' },
    },
  });
  const unknown = values.only.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Error(`--only takes a name below; got '${unknown}'`);
  const places = values.only.map((name) => NAMES.indexOf(name));
  const first = integer('--seed', values.seed, 0, LAST_FIRST_SEED);
  return { json: values.json, which: [...new Set(places)], seeds: seedsFrom(first) };
}
