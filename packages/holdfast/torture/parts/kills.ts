import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Random, seededRandom } from '../../src/runtime/random.ts';
import { readLedger } from '../ledger.ts';
import type { Place } from '../places/place.ts';
import type { Plan } from '../plan.ts';
import { BOUNDARIES, type EngineSetup } from '../protocol.ts';
import type { Check } from '../../../../scripts/tasks/checks.ts';
import { Worker } from '../workers.ts';
import { judgeKills, type Round } from './kills-judge.ts';

/** Rounds that are under way at once: each is mostly waiting for a lease. */
const AT_ONCE = 4;
/** Processes that are started ahead of being killed. */
const SPARE = 2;
/** Those who ask for the keys of the dead, at once and from different processes. */
const RETRIERS = 2;
/** Much longer than an answer may take, in milliseconds: what comes late is told from what never does. */
const PATIENCE = 5000;

/** `kill -9` at every boundary: what became of the keys, in a place of its own. */
export async function kills(place: Place, plan: Plan): Promise<Check[]> {
  const engine: EngineSetup = { lease: plan.lease, storeTimeout: 5000, defect: plan.defect };
  const start = () => Worker.start(place, engine);
  const retriers = await Promise.all(Array.from({ length: RETRIERS }, start));
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const random = seededRandom(plan.seed);
  const rounds: Round[] = [];
  const victims: Promise<Worker>[] = [];
  let begun = 0;
  const next = (): Promise<Worker> => {
    while (victims.length < SPARE && begun + victims.length < plan.rounds) victims.push(start());
    return victims.shift()!;
  };
  const killOnAndOn = async (): Promise<void> => {
    while (begun < plan.rounds) {
      const victim = next();
      const number = begun++;
      const { boundary, policy } = drawn(plan, random.fork(`round ${number}`), number);
      const key = `killed-${plan.seed}-${number}`;
      const ask = { key, policy, patience: PATIENCE, effort: 0 };
      const isThere = await (await victim).killDuring({ ...ask, stopAt: boundary });
      const killedAt = performance.now();
      const asked = retriers.map(async (retrier) => {
        const answer = await retrier.ask(ask);
        return { ...answer, after: performance.now() - killedAt };
      });
      rounds.push({ key, boundary, isThere, policy, answers: await Promise.all(asked) });
      if (rounds.length % 50 === 0) plan.progress(`kill -9: ${rounds.length} rounds`);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, killOnAndOn));
    const stall = delay.max / 1e6;
    return judgeKills(
      { rounds, wanted: plan.rounds, lease: plan.lease, stall },
      await readLedger(place),
    );
  } finally {
    delay.disable();
    const left = await Promise.all(victims);
    await Promise.all([...retriers, ...left].map((worker) => worker.kill()));
  }
}

const LEASED = ['refuse', 'look', 'unsure'] as const;

/** Every boundary comes as often as every other; with whom, chance has it. */
function drawn({ mode }: Plan, random: Random, number: number) {
  const boundary = BOUNDARIES[number % BOUNDARIES.length]!;
  const leased = LEASED[Math.floor(random.next() * LEASED.length)]!;
  return { boundary, policy: mode === 'leased' ? leased : mode };
}
