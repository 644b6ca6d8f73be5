/**
 * `npm run demo [-- --quick] [--json] [--seed N] [--store PLACE]`: live traffic survives an outage, beside traffic
 * that does not. See README.md.
 *
 * Exit code: 0 all promises hold, 1 one does not, 2 it could not be judged.
 */
import { parseArgs } from 'node:util';
import { start } from './conductor.ts';
import { intro } from './intro.ts';
import { exitCodeOf, judge } from './judge.ts';
import { figuresOf } from './measure.ts';
import { planOf } from './plan.ts';
import { scorecard } from './scorecard.ts';
import { kindOf, tryStore } from './store.ts';
import { paintFor } from './style.ts';
import { watch } from './watch.ts';

const QUICK = 10;
const USAGE = `usage: npm run demo -- [options]

  --quick    ${QUICK} times faster than life: about 20 s instead of 3 min
  --json     the figures as JSON, on the last line; all else goes to stderr
  --seed N   whose shoppers come when; a whole number
  --store P  where the provider remembers keys: sqlite:PATH, redis://HOST:PORT or
             postgres://USER@HOST/DATABASE; by default a SQLite file for this run
`;

const { quick, json, seed, store } = readArguments();
const plan = planOf(seed, quick ? QUICK : 1);
const out = json ? process.stderr : process.stdout;
const paint = paintFor(out);

// `demo | head`: nobody reads on.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => process.exit(2));

if (store !== undefined) await checkStore(store);
out.write(`${intro(plan, paint)}\n`);
const run = start(plan, { store });
process.on('exit', run.stop);
const leave = watch(run, out, paint);
process.on('exit', leave);
for (const [signal, code] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => process.exit(code));
}

try {
  await run.finished;
} catch (error) {
  leave();
  giveUp((error as Error).message);
}
leave();
const figures = figuresOf(run.recording);
const verdict = judge(figures);
out.write(`${scorecard(figures, verdict, paint)}\n`);
process.exitCode = exitCodeOf(verdict);
if (json) {
  const kind = store === undefined ? 'sqlite' : kindOf(store);
  console.log(JSON.stringify({ demo: 'black-friday', store: kind, ...figures, ...verdict }));
}

/** Before anything is started: that it can be reached, and what it does not promise. */
async function checkStore(place: string): Promise<void> {
  try {
    for (const warning of await tryStore(place)) out.write(`--store: ${warning}\n`);
  } catch (error) {
    giveUp((error as Error).message);
  }
}

function giveUp(why: string): never {
  console.error(`demo: could not be judged, ${why}`);
  if (json) console.log(JSON.stringify({ demo: 'black-friday', promises: [], doubts: [why] }));
  process.exit(2);
}

interface Arguments {
  readonly quick: boolean;
  readonly json: boolean;
  readonly seed: number;
  readonly store?: string | undefined;
}

function readArguments(): Arguments {
  const options = {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    store: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  } as const;
  try {
    const { values } = parseArgs({ options });
    if (values.help) {
      process.stdout.write(USAGE);
      process.exit();
    }
    if (!/^\d{1,15}$/.test(values.seed)) throw new Error(`--seed must be a whole number`);
    if (values.store !== undefined) kindOf(values.store);
    return { ...values, seed: Number(values.seed) };
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n\n${USAGE}`);
    return process.exit(2);
  }
}
