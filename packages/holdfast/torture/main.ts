/**
 * `npm run torture:idempotency [-- --help]`: real stores, real processes, `kill -9` and outages, and
 * what became of every key. The exit code is 1 when a promise does not hold, 2 when one could not be judged.
 */
import { type Check, exitCode, tableOf } from '../../../scripts/tasks/checks.ts';
import { readArguments } from './arguments.ts';
import type { Plan } from './plan.ts';
import { torture } from './torture.ts';

const { json, parts, ...chosen } = readArguments();
const out = json ? process.stderr : process.stdout;
const promises: Check[] = [];
const plan: Plan = {
  ...chosen,
  keys: 200,
  callers: 50,
  histories: 80,
  lease: 400,
  defect: null,
  progress: (line) => process.stderr.write(`${line}\n`),
};

// `torture:idempotency | head`: nobody reads on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(2));
out.write(`seed ${plan.seed}; ${plan.store} by ${plan.client}, ${plan.mode}\n`);
try {
  for await (const checks of torture(parts, plan)) {
    out.write(`\n${tableOf(checks)}`);
    promises.push(...checks);
  }
  process.exitCode = exitCode(promises);
} catch (error) {
  console.error(`torture:idempotency: could not be judged, ${(error as Error).message}`);
  process.exitCode = 2;
}
const kept = promises.filter(({ holds }) => holds === true).length;
out.write(`\n${kept} of ${promises.length} hold\n`);
if (json) {
  const { seed, store, client, mode, rounds } = plan;
  console.log(JSON.stringify({ seed, store, client, mode, rounds, promises }));
}
