/**
 * `npm run oracles [-- --json] [-- --only NAME]`: the simulator against what is known of queues,
 * retries and overload. See docs/guides/oracles.md. The exit code is 1 when a promise does not
 * hold, 2 when one could not be judged.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Check } from './experiments/law.ts';
import { DOUBT, laws, SEEDS } from './laws.ts';
import { runAll } from './pool.ts';
import { exitCode, tableOf } from './table.ts';

const { json, which } = readArguments();
const out = json ? process.stderr : process.stdout;
const promises: Check[] = [];

out.write(`seeds ${SEEDS[0]} to ${SEEDS.at(-1)}; where theory gives a mean, the runs' has a 99 % `);
out.write('interval (Bonferroni over all such checks) of half width < 3 %\n');
try {
  for await (const { law, samples } of runAll(which, SEEDS, availableParallelism())) {
    const { name, about, judge } = laws[law]!;
    const checks = judge(samples, DOUBT);
    out.write(`\n${name}: ${about}\n${tableOf(checks)}`);
    promises.push(...checks.map((check) => ({ ...check, name: `${name}: ${check.name}` })));
  }
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`oracles: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
const kept = promises.filter(({ holds }) => holds === true).length;
out.write(`\n${kept} of ${promises.length} hold\n`);
if (json) console.log(JSON.stringify({ seeds: SEEDS, doubt: DOUBT, promises }));

/** Which laws, by their place. */
function readArguments(): { json: boolean; which: number[] } {
  const known = laws.map(({ name }) => name).join(', ');
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
      },
    });
    const only = values.only ?? laws.map(({ name }) => name);
    const places = only.map((name) => laws.findIndex((law) => law.name === name));
    if (places.includes(-1)) throw new Error(`--only takes one of: ${known}`);
    return { json: values.json, which: [...new Set(places)] };
  } catch (error) {
    console.error(`oracles: ${(error as Error).message}`);
    return process.exit(2);
  }
}
