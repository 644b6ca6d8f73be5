import { memoryStore } from '../src/stores/memory/index.ts';
import { type TestRuntime, testRuntime } from '../src/testing/test-runtime.ts';
import { idempotency } from '../src/idempotency/engine.ts';
import type { Idempotency } from '../src/idempotency/idempotency.ts';
import type { IdempotencyOptions } from '../src/idempotency/options.ts';
import type { IdempotencyStore, Owned } from '../src/idempotency/store.ts';

/** A store that can be taken away: `down` rejects, `silent` does the step and never answers, `gone` never answers. */
export interface FlakyStore extends IdempotencyStore {
  mood: 'well' | 'down' | 'silent' | 'gone';
  /** Steps so far, oldest first. */
  readonly steps: string[];
  /** What was claimed. */
  readonly claims: Owned[];
  reaps: number;
}

const STEPS = ['claim', 'extend', 'checkpoint', 'complete', 'release', 'reap'] as const;

function flaky(store: IdempotencyStore): FlakyStore {
  const steps: string[] = [];
  const claims: Owned[] = [];
  const it = {
    ...bound(store),
    name: store.name,
    mood: 'well',
    steps,
    claims,
    reaps: 0,
  } as FlakyStore;
  for (const step of STEPS) {
    const run = (store[step] as (...given: unknown[]) => Promise<unknown>).bind(store);
    (it as unknown as Record<string, unknown>)[step] = async (...given: unknown[]) => {
      if (step === 'reap') it.reaps++;
      else steps.push(step);
      if (step === 'claim') claims.push(given[0] as Owned);
      if (it.mood === 'down') throw new Error('connection refused');
      if (it.mood === 'gone') return new Promise(() => {});
      const answer = await run(...given);
      return it.mood === 'silent' ? new Promise(() => {}) : answer;
    };
  }
  return it;
}

function bound(store: IdempotencyStore): Pick<IdempotencyStore, 'check' | 'close'> {
  return { check: () => store.check(), close: () => store.close() };
}

export interface Setting {
  readonly runtime: TestRuntime;
  readonly store: FlakyStore;
  readonly engine: Idempotency;
  /** Another process on the same store. */
  another(options?: Partial<IdempotencyOptions>): Idempotency;
}

/** An engine on a store in memory, in time that stands still. */
export function setting(options: Partial<IdempotencyOptions> = {}): Setting {
  const runtime = testRuntime();
  const shared = memoryStore({}, runtime);
  const store = flaky(shared);
  let processes = 0;
  const another = (other: Partial<IdempotencyOptions> = {}): Idempotency => {
    const random = runtime.random.fork(`process ${processes++}`);
    return idempotency(
      { name: 'test', store: shared, ...options, ...other },
      { ...runtime, random },
    );
  };
  return { runtime, store, engine: another({ store }), another };
}

/** A piece of work that ends when it is told, and counts how often it was begun. */
export class Work {
  begun = 0;
  #end = Promise.withResolvers<unknown>();
  readonly run = (): Promise<unknown> => {
    this.begun++;
    return this.#end.promise;
  };

  end(value: unknown): void {
    this.#end.resolve(value);
  }

  fail(error: unknown): void {
    this.#end.reject(error);
  }
}

/** The work of `k` has ended so long ago, in milliseconds, with `charged`, which a store that is down was not told. */
export async function endedUntold(
  { engine, runtime, store }: Setting,
  since: number,
): Promise<{ readonly work: Work; readonly first: Promise<unknown> }> {
  const work = new Work();
  const first = engine.idempotent('k', work.run);
  await runtime.clock.advanceAsync(1);
  store.mood = 'down';
  work.end('charged');
  await runtime.clock.advanceAsync(since);
  return { work, first };
}

/** What a promise has come to so far. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  const turns = new Promise((resolve) => setImmediate(() => setImmediate(resolve, 'pending')));
  return Promise.race([promise, turns]).catch((error: unknown) => error);
}
