import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { Policy } from '@git-stunts/alfred';
import { timeout as cockatielTimeout, TimeoutStrategy } from 'cockatiel';
import { pipeline, seededRandom, timeout } from 'holdfast';
import { Timeout } from 'mollitia';
import pTimeout from 'p-timeout';
import { timeout as limitTimeout, timers } from '../limit.ts';
import { shuffled } from '../measure.ts';
import { mollitiaCircuit } from '../peer-setups.ts';
import { isWanted, type Job, noFigures, type Samples, type Scenario } from '../scenario.ts';

const CALLS = 10_000;
const ROUNDS = 7;
const FIRE_AFTER = 200;

/** Prepares a call with its own timeout in milliseconds. */
type Prepare = (ms: number, operation: () => Promise<unknown>) => () => Promise<unknown>;

const lists = new Map<number, ReturnType<typeof timers>>();

const candidates: Readonly<Record<string, Prepare>> = {
  limit: (ms, operation) => {
    const rounded = Math.ceil(ms / 100) * 100;
    if (!lists.has(rounded)) lists.set(rounded, timers());
    const list = lists.get(rounded)!;
    return () => limitTimeout(operation, list, rounded);
  },
  ours: (ms, operation) => {
    const ours = pipeline(timeout(ms));
    return () => ours.call(operation);
  },
  cockatiel: (ms, operation) => {
    const policy = cockatielTimeout(ms, TimeoutStrategy.Aggressive);
    return () => policy.execute(operation);
  },
  mollitia: (ms, operation) => {
    const circuit = mollitiaCircuit(operation, [new Timeout({ delay: ms })]);
    return () => circuit.execute();
  },
  'p-timeout': (ms, operation) => () => pTimeout(operation(), { milliseconds: ms }),
  alfred: (ms, operation) => {
    const policy = Policy.timeout(ms);
    return () => policy.execute(operation);
  },
};

/** What ten thousand calls of one leave behind is collected in the time of the next. */
const peers = Object.keys(candidates).filter((name) => name !== 'limit' && name !== 'ours');

export const pendingScenario: Scenario = {
  name: 'pending',
  title: '10,000 calls pending at once, each with another timeout',
  metrics: { us: 'us to start and settle', start: 'us to start', heap: 'B of heap each' },
  goals: [
    { name: 'start and settle, us', metric: 'us', of: 'ours', bound: 2 },
    { name: 'heap of a pending call, B', metric: 'heap', of: 'ours', bound: 900 },
  ],
  notes: [
    'Timeouts of 20.0 to 30.0 s. Policies are made beforehand.',
    'opossum needs a breaker for each timeout; ten thousand of them do not end within a minute.',
  ],
  processes: 2,
  alone: peers,
  measure: (job) => byTurns(job, pendingRound),
};

export const expiryScenario: Scenario = {
  name: 'expiry',
  title: '10,000 calls time out at once',
  metrics: { us: 'us of CPU a call', turn: 'ms, longest turn' },
  goals: [
    { name: 'CPU of a call, us', metric: 'us', of: 'ours', bound: 5 },
    { name: 'longest turn of the event loop, ms', metric: 'turn', of: 'ours', bound: 5 },
  ],
  notes: [
    'After 200 ms. CPU is that of the process from before the first expiry to the last rejection.',
    'The heap is collected once while the calls are pending, so that they are in the old generation when the timeouts expire. Otherwise the longest turn would be the garbage collector copying them, for every candidate.',
    'cockatiel runs with its aggressive strategy, because the cooperative one waits for the operation.',
    'p-timeout takes so long to start its calls that their timeouts do not expire together.',
    'opossum spends half a millisecond of CPU on each of so many failures.',
  ],
  processes: 1,
  alone: peers,
  measure: (job) => byTurns(job, expiryRound),
};

async function byTurns(
  job: Job,
  round: (prepare: Prepare) => Promise<Readonly<Record<string, number>>>,
): Promise<Samples> {
  const random = seededRandom(job.seed);
  const wanted = Object.keys(candidates).filter((name) => isWanted(name, job, { alone: peers }));
  const samples: Record<string, Record<string, number[]>> = {};
  for (let i = -1; i < ROUNDS; i++) {
    for (const name of shuffled(wanted, random)) {
      globalThis.gc!();
      const figures = await round(candidates[name]!);
      if (i < 0) continue; // to warm up
      for (const [metric, figure] of Object.entries(figures)) {
        samples[metric] ??= noFigures(wanted);
        samples[metric][name]!.push(figure);
      }
    }
  }
  return samples;
}

async function pendingRound(
  prepare: Prepare,
): Promise<{ us: number; start: number; heap: number }> {
  const resolvers: ((value: number) => void)[] = [];
  const promises: Promise<unknown>[] = [];
  const operation = (): Promise<number> => new Promise((resolve) => resolvers.push(resolve));
  const calls = Array.from({ length: CALLS }, (_, i) => prepare(20_000 + i, operation));
  globalThis.gc!();
  const empty = process.memoryUsage().heapUsed;
  const begin = performance.now();
  for (const call of calls) promises.push(call());
  await turn();
  const started = performance.now();
  globalThis.gc!();
  const heap = (process.memoryUsage().heapUsed - empty) / CALLS;
  const resume = performance.now();
  for (const resolve of resolvers) resolve(42);
  await Promise.all(promises);
  const settle = performance.now() - resume;
  const start = started - begin;
  return { us: (1000 * (start + settle)) / CALLS, start: (1000 * start) / CALLS, heap };
}

async function expiryRound(prepare: Prepare): Promise<{ us: number; turn: number }> {
  const { us } = await expire(prepare, false);
  const { longest } = await expire(prepare, true);
  return { us, turn: longest };
}

const never = (): Promise<never> => new Promise(() => {});

/** Watching the turns costs CPU, so each is looked at by itself. */
async function expire(prepare: Prepare, watch: boolean): Promise<{ us: number; longest: number }> {
  const call = prepare(FIRE_AFTER, never);
  const promises: Promise<unknown>[] = [];
  for (let i = 0; i < CALLS; i++) promises.push(call().catch(() => {}));
  // The timers of some do not hold the process.
  const hold = setInterval(() => {}, 60_000);
  await sleep(FIRE_AFTER / 4);
  globalThis.gc!();
  const before = process.cpuUsage();
  const turns = new Turns(watch);
  await Promise.all(promises);
  clearInterval(hold);
  const longest = turns.stop();
  const { user, system } = process.cpuUsage(before);
  return { us: (user + system) / CALLS, longest };
}

/** How long the turns of the event loop take, in milliseconds. */
class Turns {
  #longest = 0;
  #last = performance.now();
  #watching: boolean;

  constructor(watch: boolean) {
    this.#watching = watch;
    if (watch) setImmediate(this.#look);
  }

  /** All may have ended in the turn that is running. */
  stop(): number {
    this.#note();
    this.#watching = false;
    return this.#longest;
  }

  readonly #look = (): void => {
    this.#note();
    if (this.#watching) setImmediate(this.#look);
  };

  #note(): void {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last);
    this.#last = now;
  }
}
