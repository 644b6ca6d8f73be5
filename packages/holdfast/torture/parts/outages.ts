import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../src/runtime/random.ts';
import { readLedger } from '../ledger.ts';
import { type Fault, openPlace, type Place } from '../places/place.ts';
import { NoRoomError } from '../places/tmpfs.ts';
import { GRACE, type Plan, STORE_TIMEOUT } from '../plan.ts';
import type { Answered, EngineSetup, Policy } from '../protocol.ts';
import { type Check, notJudged } from '../../../../scripts/tasks/checks.ts';
import { Worker } from '../workers.ts';
import { judgeOutage, type OutageRun } from './outages-judge.ts';

/** Processes that ask all the time. */
const PROCESSES = 3;
/** Keys under way; two processes ask for each. */
const AT_ONCE = 6;
/** Milliseconds that an effect takes. */
const EFFORT = 15;
/** Milliseconds that all runs undisturbed, before the outage and after it. */
const QUIET = 500;
/** A caller who is not answered so many milliseconds after the outage gives up. */
const PATIENCE = 7000;

/** Everything that can happen to the place, one after another; then a full disk, elsewhere. */
export async function outages(place: Place, plan: Plan): Promise<Check[]> {
  const checks: Check[] = [];
  for (const fault of place.faults) checks.push(...(await outage(place, fault, plan)));
  try {
    const small = await openPlace(plan.store, { client: plan.client, isSmall: true });
    try {
      for (const fault of small.faults) checks.push(...(await outage(small, fault, plan)));
    } finally {
      await small.close();
    }
  } catch (error) {
    if (!(error instanceof NoRoomError)) throw error;
    checks.push(notJudged('full disk', error.message));
  }
  return checks;
}

/** One outage, while callers keep asking. */
export async function outage(place: Place, fault: Fault, plan: Plan): Promise<Check[]> {
  plan.progress(`outage: ${fault.name}`);
  // A short outage has to be noticed as well.
  const storeTimeout = Math.min(STORE_TIMEOUT, plan.outage / 3);
  const engine: EngineSetup = { lease: plan.lease, storeTimeout, defect: plan.defect };
  const workers = await Promise.all(
    Array.from({ length: PROCESSES }, () => Worker.start(place, engine)),
  );
  const load = new Load(workers, plan, fault.name);
  try {
    const running = load.run();
    // Whatever goes wrong is told where it is awaited.
    running.catch(() => {});
    await sleep(QUIET);
    await fault.begin();
    await sleep(plan.outage);
    await fault.end();
    const endedAt = performance.now();
    // Each process has to find out by itself, with the clients that it had.
    const recovered = await Promise.all(workers.map((_, n) => load.probe(n)));
    const recovery = performance.now() - endedAt;
    await sleep(QUIET);
    load.stop();
    await running;
    await sleep(plan.lease + GRACE);
    const asked = await load.askAgain();
    const run: OutageRun = { answers: load.answers, recovered, recovery, asked };
    return judgeOutage(run, await readLedger(place), plan, fault.name);
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}

/** Callers who ask for ever new keys, two for each. */
class Load {
  readonly answers = new Map<string, readonly Answered[]>();
  readonly #workers: readonly Worker[];
  readonly #policy: Policy;
  readonly #name: string;
  readonly #random;
  readonly #patience: number;
  #stopped = false;
  #keys = 0;

  constructor(workers: readonly Worker[], { mode, seed, outage: length }: Plan, fault: string) {
    this.#patience = length + PATIENCE;
    this.#workers = workers;
    this.#policy = mode === 'leased' ? 'refuse' : mode;
    this.#name = `outage-${fault.replaceAll(' ', '-')}-${seed}`;
    this.#random = seededRandom(seed).fork(fault);
  }

  async run(): Promise<void> {
    const askOnAndOn = async (): Promise<void> => {
      while (!this.#stopped) {
        const key = `${this.#name}-${this.#keys++}`;
        const first = Math.floor(this.#random.next() * PROCESSES);
        const both = [first, first + 1].map((n) => this.#ask(n % PROCESSES, key));
        this.answers.set(key, await Promise.all(both));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, askOnAndOn));
  }

  stop(): void {
    this.#stopped = true;
  }

  /** A key that nobody else asks for. */
  async probe(worker: number): Promise<Answered> {
    return await this.#ask(worker, `${this.#name}-probe-${worker}`);
  }

  /** Asks for every key once more, by the same processes. */
  async askAgain(): Promise<ReadonlyMap<string, Answered>> {
    const again = new Map<string, Answered>();
    const keys = [...this.answers.keys()];
    for (let first = 0; first < keys.length; first += AT_ONCE) {
      const asked = keys.slice(first, first + AT_ONCE).map(async (key, n) => {
        again.set(key, await this.#ask(n % PROCESSES, key, 0));
      });
      await Promise.all(asked);
    }
    return again;
  }

  #ask(worker: number, key: string, patience = this.#patience): Promise<Answered> {
    const ask = { key, policy: this.#policy, effort: EFFORT, patience };
    return this.#workers[worker]!.ask(ask);
  }
}
