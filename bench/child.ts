/** One process of the bench: does one job, sends what it measured, and ends. */
import { timeCalls, weighCalls } from './measure.ts';
import { isWanted, type Job, type Samples } from './scenario.ts';
import { scenarios } from './scenarios/index.ts';

const job = JSON.parse(process.argv[2]!) as Job;
const scenario = scenarios.find(({ name }) => name === job.scenario)!;
const samples = await work();
process.send!(samples, () => process.exit(0));

async function work(): Promise<Samples> {
  if (job.what === 'measure') return await scenario.measure!(job);
  const all = await scenario.candidates!();
  const wanted = all.filter(({ name }) => isWanted(name, job, scenario));
  return job.what === 'time' ? await timeCalls(wanted, job.seed) : await weighCalls(wanted);
}
