import { classify } from '../core/classify.ts';
import { isThenable } from '../core/edge.ts';
import { isHoldfastError } from '../core/errors.ts';
import { emit } from '../core/events.ts';
import { type Pipeline, pipeline } from '../core/pipeline.ts';
import { DETAINED } from '../core/policy.ts';
import {
  type CircuitBreaker,
  circuitBreaker,
} from '../policies/circuit-breaker/circuit-breaker.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Awaitable } from './awaitable.ts';
import { isStoreFull } from './store-full.ts';
import type { IdempotencyStore } from './store.ts';
import type { IdempotencyStoreFailedEvent } from './telemetry.ts';

/** Whether the store is there is asked often, and cheap to ask. */
const BREAKER = {
  kind: 'consecutive',
  consecutiveFailures: 5,
  cooldown: '1s',
  maxCooldown: '5s',
  successesToClose: 1,
  // A store that is back answers: nobody is refused any more.
  rampDuration: 0,
} as const;

type Step = IdempotencyStoreFailedEvent['step'];
type Run<T> = (store: IdempotencyStore) => T | PromiseLike<T>;

/**
 * A store behind a short timeout, so that its outage does not become everybody's. Claims also pass a breaker:
 * while the store is down they are refused at once. (One that is full is not down.) What an owner has to say does not:
 * it is said until it is heard.
 */
export class GuardedStore {
  readonly store: IdempotencyStore;
  readonly breaker: CircuitBreaker;
  readonly #runtime: Runtime;
  readonly #claims: Pipeline;
  readonly #writes: Pipeline;

  constructor(store: IdempotencyStore, storeTimeout: number, runtime: Runtime) {
    // Its own events would be taken for those of calls.
    const quiet: Runtime = { ...runtime, sink: null };
    this.store = store;
    this.#runtime = runtime;
    this.breaker = circuitBreaker(BREAKER, quiet);
    const limit = timeout(storeTimeout, quiet);
    const meaning = classify(({ ok, error }) => {
      if (ok) return 'success';
      return isStoreFull(error) ? 'terminal' : 'transient';
    });
    this.#claims = pipeline(meaning, this.breaker, limit);
    this.#writes = pipeline(meaning, limit);
  }

  /** A claim, or the beginning of a transaction. */
  ask<T>(step: Step, run: Run<T>): Awaitable<T> {
    // As a call does that goes straight: a store that answers at once needs no more of a pipeline.
    const permit = this.breaker.admit!();
    if (permit === DETAINED) return this.#guarded(step, this.#claims, () => run(this.store));
    const answer = begun(run, this.store);
    if (isThenable(answer)) return this.#guarded(step, this.#claims, () => answer);
    this.breaker.passed!(permit);
    return answer;
  }

  /** Anything else. */
  tell<T>(step: Step, run: Run<T>): Awaitable<T> {
    const answer = begun(run, this.store);
    return isThenable(answer) ? this.#guarded(step, this.#writes, () => answer) : answer;
  }

  #guarded<T>(step: Step, through: Pipeline, run: () => T | PromiseLike<T>): Promise<T> {
    return through.call(run).catch((error: unknown) => {
      // What the breaker has refused was not asked.
      if (!isHoldfastError(error, 'CIRCUIT_OPEN')) this.#tellFailed(step);
      throw error;
    });
  }

  #tellFailed(step: Step): void {
    const { dependency } = this.#runtime;
    emit<IdempotencyStoreFailedEvent>(this.#runtime, {
      type: 'idempotency.store-failed',
      dependency,
      step,
    });
  }
}

/** Runs a step; what it throws is a rejection like any other. */
function begun<T>(run: Run<T>, store: IdempotencyStore): T | PromiseLike<T> {
  try {
    return run(store);
  } catch (error) {
    return Promise.reject(error);
  }
}
