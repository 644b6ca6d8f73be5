import { expect, test } from 'vitest';
import { storeOver } from '../../torture/store-over.ts';
import type { Random } from '../runtime/random.ts';
import { memoryStore } from '../stores/memory/index.ts';
import { testRuntime } from '../testing/test-runtime.ts';
import type { Awaitable } from './awaitable.ts';
import { idempotency } from './engine.ts';
import type { Execution, Idempotency } from './idempotency.ts';
import { type IdempotencyOptions, safeToRetry } from './options.ts';
import { Sleep } from './sleep.ts';
import type { IdempotencyStore } from './store.ts';

/** Worlds: chance decides everything, and a seed decides chance. */
const SEEDS = Array.from({ length: 40 }, (_, seed) => seed);
const LEASE = 3000;
const KEYS = ['a', 'b', 'c'];
const ASKED = 60;
/** The most milliseconds between two who ask, of a slow step, and of the work. */
const PAUSE = 600;
const SLOW = 1500;
const EFFORT = 4000;

type Mode = 'refuse' | 'takeover' | 'reconcile';

/** A process of a fleet: when it has died, nothing that it does goes on. */
interface Process {
  readonly engine: Idempotency;
  isDead: boolean;
}

/** Processes that die, a store that is slow, fails, and loses answers; and what came of every key. */
class World {
  readonly effects: string[] = [];
  /** Keys whose work was done again after the recovery point of its effect was kept. */
  readonly repeated: string[] = [];
  readonly clock;
  readonly #points = new Set<string>();
  readonly #mode: Mode;
  readonly #runtime;
  readonly #random: Random;
  readonly #records: IdempotencyStore;
  readonly #fleet: Process[] = [];
  #isCalm = false;

  constructor(mode: Mode, seed: number) {
    this.#mode = mode;
    this.#runtime = testRuntime(seed);
    this.#random = this.#runtime.random.fork('world');
    this.clock = this.#runtime.clock;
    this.#records = memoryStore({}, this.#runtime);
  }

  /** Many ask for a few keys; then all is well again. */
  async run(): Promise<void> {
    const fleet = [this.#begin(), this.#begin(), this.#begin()];
    for (let n = 0; n < ASKED; n++) {
      const at = this.#below(fleet.length);
      void this.ask(KEYS[this.#below(KEYS.length)]!, fleet[at]!).catch(() => {});
      await this.clock.advanceAsync(this.#random.next() * PAUSE);
      if (!this.#isBy(0.05)) continue;
      fleet[at]!.isDead = true;
      fleet[at] = this.#begin();
    }
    this.#isCalm = true;
    await this.clock.advanceAsync(20 * LEASE);
  }

  /** What is left in the engines of all who live. */
  left(): Record<string, unknown>[] {
    return this.#fleet.filter(({ isDead }) => !isDead).map(({ engine }) => engine.snapshot());
  }

  ask(key: string, process = this.#begin()): Promise<string> {
    return process.engine.idempotent(key, async ({ step }: Execution) => {
      if (this.#isBy(0.1)) throw safeToRetry(new Error('nothing has happened'));
      if (this.#mode === 'takeover') await step(key, () => this.#effect(key));
      else this.#effect(key);
      await this.#upTo(EFFORT, process);
      if (this.#isBy(0.1)) throw new Error('nobody knows');
      return key;
    });
  }

  #effect(key: string): void {
    this.effects.push(key);
    if (this.#points.has(key)) this.repeated.push(key);
  }

  #begin(): Process {
    const process = { isDead: false } as { engine: Idempotency; isDead: boolean };
    const random = this.#random.fork(`process ${this.#fleet.length}`);
    const options: IdempotencyOptions = {
      store: this.#unreliable(process),
      lease: LEASE,
      wait: this.#isBy(0.5) ? 2000 : 0,
      startCheck: false,
    };
    process.engine = idempotency({ ...options, ...this.#way() }, { ...this.#runtime, random });
    this.#fleet.push(process);
    return process;
  }

  #way(): Partial<IdempotencyOptions> {
    if (this.#mode !== 'reconcile') return { onExpiredLease: this.#mode };
    return {
      reconcile: ({ key }) =>
        this.effects.includes(key)
          ? { outcome: 'done', result: key }
          : { outcome: 'nothing-happened' },
    };
  }

  #unreliable(process: Process): IdempotencyStore {
    const records = this.#records;
    const over =
      <A extends unknown[], T>(step: (...given: A) => Awaitable<T>) =>
      async (...given: A): Promise<T> => {
        await this.#onTheWay(process);
        const answer = await step(...given);
        await this.#onTheWay(process);
        return answer;
      };
    return storeOver(records, {
      claim: over((request) => records.claim(request)),
      extend: over((owned, lease) => records.extend(owned, lease)),
      checkpoint: over((owned, point, lease) => {
        const isKept = records.checkpoint(owned, point, lease);
        if (isKept === true) this.#points.add(point.name);
        return isKept;
      }),
      complete: over((owned, result, retention) => records.complete(owned, result, retention)),
      release: over((owned) => records.release(owned)),
    });
  }

  /** A question, or its answer: may be lost, break off, or be late. */
  async #onTheWay(process: Process): Promise<void> {
    const chance = this.#isCalm ? 1 : this.#random.next();
    if (chance < 0.1) await new Promise(() => {});
    if (chance < 0.2) throw new Error('connection reset');
    await this.#upTo(chance < 0.4 ? SLOW : 5, process);
  }

  async #upTo(time: number, process: Process): Promise<void> {
    await new Sleep(this.clock, time * this.#random.next()).over;
    if (process.isDead) await new Promise(() => {});
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  #isBy(probability: number): boolean {
    return !this.#isCalm && this.#random.next() < probability;
  }
}

/** How a key is answered at last. */
async function finalOf(world: World, key: string): Promise<unknown> {
  const answer = world.ask(key).catch((error: { why?: unknown }) => error.why);
  await world.clock.advanceAsync(2 * EFFORT);
  return Promise.race([answer, 'nothing']);
}

/** Every promise that one world has broken. */
async function brokenBy(mode: Mode, seed: number): Promise<string[]> {
  const world = new World(mode, seed);
  await world.run();
  const broken: string[] = [];
  for (const key of KEYS) {
    const final = await finalOf(world, key);
    const isAnswered = final === key || (final === 'outcome-unknown' && mode !== 'takeover');
    if (!isAnswered) broken.push(`${key} is answered ${String(final)}`);
    const count = world.effects.filter((effect) => effect === key).length;
    if (mode !== 'takeover' && count > 1) broken.push(`${key} has ${count} effects`);
    if (world.repeated.includes(key)) broken.push(`a step of ${key} is repeated`);
  }
  const isIdle = { running: 0, waiting: 0, background: 0 };
  for (const left of world.left()) {
    const { running, waiting, background } = { ...isIdle, ...left };
    if (running + waiting + background > 0) broken.push(`left is ${JSON.stringify(left)}`);
  }
  return broken.map((what) => `seed ${seed}: ${what}`);
}

test.each<Mode>(['refuse', 'takeover', 'reconcile'])(
  'whatever becomes of processes and of the store, what is promised holds: %s',
  async (mode) => {
    const broken: string[] = [];
    for (const seed of SEEDS) broken.push(...(await brokenBy(mode, seed)));
    expect(broken).toEqual([]);
  },
);
