/**
 * `npm run oracles [-- --help]`: the simulator against what is known of queues, retries and overload. See
 * docs/guides/oracles.md. The exit code is 1 when a promise does not hold, 2 when one could not be judged.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import type { Check } from './experiments/law.ts';
import { DOUBT, LAST_FIRST_SEED, laws, seedsFrom } from './laws.ts';
import { runAll } from './pool.ts';
import { exitCode, tableOf } from './table.ts';

const NAMES = laws.map(({ name }) => name);

const USAGE = `usage: npm run oracles -- [options]

  --only NAME   one of these, may be given more than once:
                ${NAMES.join('\n                ')}
  --seed FIRST  of the twenty; a whole number, 1 by default
  --json        the figures as JSON, on the last line; all else goes to stderr
  --help
`;

const { json, which, seeds } = readArguments();
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
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        seed: { type: 'string', default: '1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit();
    }
    const only = values.only ?? NAMES;
    const unknown = only.find((name) => !NAMES.includes(name));
    if (unknown !== undefined) throw new Error(`--only takes a name below; got '${unknown}'`);
    const places = only.map((name) => NAMES.indexOf(name));
    const first = /^\d+$/.test(values.seed) ? Number(values.seed) : NaN;
    if (!(first <= LAST_FIRST_SEED)) {
      throw new Error(
        `--seed takes a whole number from 0 to ${LAST_FIRST_SEED}; got '${values.seed}'`,
      );
    }
    return { json: values.json, which: [...new Set(places)], seeds: seedsFrom(first) };
  } catch (error) {
    process.stderr.write(`oracles: ${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}
