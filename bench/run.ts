import { fork } from 'node:child_process';
import type { Job, Samples, Scenario } from './scenario.ts';

/** Processes that measure a scenario: what the compiler makes of the code differs from one to the next. */
const PROCESSES = 3;
/** MB of the young generation: as usual, or so many that nothing is collected while bytes are counted. */
const YOUNG = { time: 16, measure: 16, bytes: 256 };
/** A job that takes longer, in milliseconds, is ended. */
const PATIENCE = 120_000;

/** Everything that a scenario measures, one process after another. */
export async function run(scenario: Scenario, seed: number, oursOnly: boolean): Promise<Samples> {
  const measured: Samples[] = [];
  for (const job of jobsOf(scenario, seed, oursOnly)) {
    measured.push(await inChild(job, scenario.usualHeap === true));
  }
  return merged(measured);
}

function jobsOf(scenario: Scenario, seed: number, oursOnly: boolean): Job[] {
  const job: Job = { scenario: scenario.name, what: 'measure', seed, oursOnly, alone: null };
  const seeds = Array.from({ length: scenario.processes ?? PROCESSES }, (_, i) => seed + i);
  const alone = oursOnly ? [] : (scenario.alone ?? []);
  return [null, ...alone].flatMap((name) => {
    const each = seeds.map((one): Job => ({ ...job, seed: one, alone: name }));
    if (scenario.candidates === undefined) return each;
    const timed = each.map((one): Job => ({ ...one, what: 'time' }));
    const weighed: Job = { ...job, what: 'bytes', alone: name };
    return 'bytes' in scenario.metrics ? [...timed, weighed] : timed;
  });
}

/** Runs one job. If it fails, as a peer may, nothing was measured. */
function inChild(job: Job, usualHeap: boolean): Promise<Samples> {
  const size = YOUNG[job.what];
  const young = usualHeap ? [] : [`--max-semi-space-size=${size}`, `--min-semi-space-size=${size}`];
  return new Promise((resolve) => {
    const child = fork(new URL('child.ts', import.meta.url), [JSON.stringify(job)], {
      execArgv: ['--expose-gc', ...young],
      env: { ...process.env, NODE_ENV: 'production' },
      timeout: PATIENCE,
    });
    let samples: Samples = {};
    child.on('message', (message) => (samples = message as Samples));
    child.on('exit', () => resolve(samples));
  });
}

function merged(all: readonly Samples[]): Samples {
  const sum: Record<string, Record<string, number[]>> = {};
  for (const [metric, byName] of all.flatMap(Object.entries<Samples[string]>)) {
    for (const [name, figures] of Object.entries(byName)) {
      ((sum[metric] ??= {})[name] ??= []).push(...figures);
    }
  }
  return sum;
}
