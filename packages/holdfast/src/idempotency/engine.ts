import { bothSinks, emit } from '../core/events.ts';
import { parseOptions, show } from '../core/options.ts';
import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { IdempotencyConflictError, IdempotencyStoreError } from './errors.ts';
import type { Awaitable } from './awaitable.ts';
import {
  checkAsked,
  checkOptions,
  checkSettling,
  checkStore,
  wrongFingerprint,
  wrongKey,
} from './checks.ts';
import { fingerprintOf } from './fingerprint.ts';
import { GuardedStore } from './guarded-store.ts';
import { keyId } from './hash.ts';
import { hookFailed } from './hook-failed.ts';
import type {
  Execution,
  Idempotency,
  IdempotentOptions,
  Opened,
  OpenRequest,
  OwnedExecution,
  Settled,
  Settlement,
  SettleOptions,
} from './idempotency.ts';
import { Keeper } from './keeper.ts';
import { Nesting } from './nesting.ts';
import { Opener } from './opener.ts';
import {
  checkKeep,
  type CloseOptions,
  type EitherOptions,
  closeOptions,
  idempotencyOptions,
  type IdempotencyOptions,
  isSafeToRetry,
  OF_LEASES,
  type TransactionalOptions,
  type WorkOutcome,
} from './options.ts';
import { resultOf, settle } from './settle.ts';
import { derivedKey, Steps } from './steps.ts';
import type { IdempotencyStore } from './store.ts';
import type { IdempotencyOpenedEvent, RefusingHook } from './telemetry.ts';
import { decodeValue, encodeValue } from './values.ts';

/** The fingerprint of a call without a payload. */
const NOT_COMPARED = '-';

/**
 * Work that is done once for each key, however often it is asked for.
 *
 * ```ts
 * const charges = idempotency({ name: 'charges', store: sqliteStore('charges.db') });
 * const receipt = await charges.idempotent(orderId, () => card.charge(order), { payload: order });
 * ```
 *
 * The first who asks does the work under a lease, which a heartbeat extends. Repeats get its result,
 * from the store; while it runs they wait or are refused. After a crash the lease runs out, and nobody knows
 * whether the work was done: repeats are refused (`outcome-unknown`), unless the options name another way: `reconcile`,
 * `onExpiredLease: 'takeover'`, or `mode: 'transactional'`, which leaves nothing unknown.
 *
 * @throws TypeError, RangeError for wrong options.
 */
export function idempotency<Tx>(
  options: TransactionalOptions<Tx>,
  runtime?: Runtime,
): Idempotency<Tx>;
export function idempotency(options: EitherOptions, runtime?: Runtime): Idempotency;
export function idempotency(
  given: EitherOptions | TransactionalOptions<unknown>,
  runtime: Runtime = systemRuntime,
): Idempotency<never> {
  checkOptions(given);
  const { name = 'idempotency', store, mode = 'leased', ...rest } = given ?? {};
  checkStore(store as IdempotencyStore, mode);
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`idempotency.name must be a non-empty string, got ${show(name)}`);
  }
  checkRuntime(runtime, 'idempotency');
  const options = parseOptions(idempotencyOptions, rest, 'idempotency');
  if (options.retention < options.lease) {
    const got = `got ${options.retention}ms, and a lease of ${options.lease}ms`;
    throw new RangeError(
      `idempotency.retention must be at least as long as idempotency.lease, ${got}`,
    );
  }
  if (options.reconcile !== undefined && options.onExpiredLease === 'takeover') {
    throw new TypeError(
      "idempotency.reconcile is never asked with onExpiredLease 'takeover': choose one of them",
    );
  }
  const unasked = OF_LEASES.find((option) => (rest as IdempotencyOptions)[option] !== undefined);
  if (mode === 'transactional' && unasked !== undefined) {
    throw new TypeError(
      `idempotency.${unasked} is never asked in mode 'transactional', where no outcome is unknown: leave it out`,
    );
  }
  if (mode === 'transactional' && options.onStoreDown === 'open') {
    throw new TypeError(
      "idempotency.onStoreDown must be 'closed' in mode 'transactional': without the store there is no transaction that work could be given",
    );
  }
  const own: Runtime = {
    ...runtime,
    dependency: name,
    random: runtime.random.fork(name),
    sink: bothSinks(runtime.sink, options.onEvent ?? null),
  };
  const guard = new GuardedStore(store as IdempotencyStore, options.storeTimeout, own);
  return new Engine(new Keeper(guard, options, own), mode) as never;
}

/** The one implementation, of either mode. */
class Engine implements Idempotency<unknown> {
  readonly #keeper: Keeper;
  readonly #opener: Opener;
  readonly #nesting: Nesting;
  readonly #mode: 'leased' | 'transactional';

  constructor(keeper: Keeper, mode: 'leased' | 'transactional') {
    this.#keeper = keeper;
    this.#mode = mode;
    this.#nesting = new Nesting(keeper.runtime.context);
    this.#opener = new Opener(keeper, mode, this.#nesting);
  }

  async idempotent<T>(
    key: string,
    work: (execution: Execution<unknown>) => T | PromiseLike<T>,
    options: IdempotentOptions = {},
  ): Promise<T> {
    if (typeof work !== 'function')
      throw new TypeError(`idempotent needs a function to run, got ${show(work)}`);
    // With a misspelt payload, another request would get this one's answer.
    if (this.#keeper.runtime.diagnostics) checkAsked(options);
    const { scope = [], payload, signal } = options;
    if (this.#nesting.isWithin(key, scope)) throw this.#nested();
    const fingerprint = payload === undefined ? NOT_COMPARED : payloadFingerprint(payload);
    const encode = (found: unknown): string => this.#encoded(found, 'the result of reconcile');
    const opened = await this.open({ key, scope, fingerprint, signal, encode });
    switch (opened.kind) {
      case 'run':
        return this.#run(opened.execution, scope, work);
      case 'replay':
        return this.#decoded(opened.result) as T;
      case 'unprotected':
        return this.#runUnprotected(key, scope, work);
      case 'refused':
        throw opened.error;
    }
  }

  open(request: OpenRequest): Awaitable<Opened<unknown>> {
    const { key, scope, fingerprint } = request;
    const wrong = wrongKey(key, scope) ?? wrongFingerprint(fingerprint);
    if (wrong !== null) return Promise.reject(wrong);
    return this.#opener.open(request);
  }

  async settle(key: string, outcome: Settlement, options: SettleOptions = {}): Promise<Settled> {
    const { runtime, isClosing } = this.#keeper;
    const { dependency: name } = runtime;
    if (this.#mode === 'transactional') {
      throw new TypeError(
        "settle has nothing to do in mode 'transactional': no outcome is unknown",
      );
    }
    // With a misspelt scope, another key would be settled, or none.
    checkSettling(options);
    const { scope = [], encode = (value) => this.#encoded(value, 'the result of settle') } =
      options;
    const wrong = wrongKey(key, scope);
    if (wrong !== null) throw wrong;
    const result = resultOf(outcome, encode);
    if (isClosing) throw new IdempotencyStoreError({ name, reason: 'the engine is closed' });
    const owned = { id: keyId(name, scope, key), token: this.#opener.newToken() };
    return settle(this.#keeper, owned, result);
  }

  hookFailed(hook: RefusingHook, error: unknown): void {
    hookFailed(this.#keeper, hook, error);
  }

  async check(): Promise<readonly string[]> {
    return this.#keeper.guard.tell('check', (store) => store.check());
  }

  snapshot(): Record<string, unknown> {
    const { running, waiting, leaving, background, usualDuration, guard } = this.#keeper;
    const { state: breaker } = guard.breaker;
    return { running, waiting, leaving, background, usualDuration, breaker };
  }

  async close(options: CloseOptions = {}): Promise<void> {
    const { wait } = parseOptions(closeOptions, options, 'idempotency.close');
    await this.#keeper.close(wait);
    await this.#keeper.guard.store.close();
    // Whoever waits for the rest may end the process next.
    if (wait > 0) await this.#keeper.passOn();
  }

  async #run<T>(
    execution: OwnedExecution<unknown>,
    scope: readonly string[],
    work: (execution: Execution<unknown>) => T | PromiseLike<T>,
  ): Promise<T> {
    let value: T;
    try {
      value = await this.#nesting.run(execution.key, scope, () => work(execution));
    } catch (error) {
      try {
        // An error cannot be kept: told to store it, the engine holds the outcome as unknown.
        if (this.#keepOf({ ok: false, error }) === 'release') await execution.release();
      } finally {
        // Does nothing after a release.
        await execution.hold();
      }
      throw error;
    }
    await this.#keep(execution, value);
    return value;
  }

  /** A close waits for this work as for any other, and it may not ask for its own key either. */
  async #runUnprotected<T>(
    key: string,
    scope: readonly string[],
    work: (execution: Execution<unknown>) => T | PromiseLike<T>,
  ): Promise<T> {
    const keeper = this.#keeper;
    const execution = unprotected(key, keyId(keeper.runtime.dependency, scope, key));
    keeper.running++;
    try {
      return await this.#nesting.run(key, scope, () => work(execution));
    } finally {
      keeper.running--;
    }
  }

  /** The work was done: what goes wrong from here on must not look as if it had not been. */
  async #keep(execution: OwnedExecution<unknown>, value: unknown): Promise<void> {
    try {
      const keep = this.#keepOf({ ok: true, value });
      if (keep === 'store') {
        const completion = await execution.complete(
          this.#encoded(value, 'what idempotent work answers'),
        );
        if (completion.kind === 'lost' || completion.kind === 'refused') throw completion.error;
      } else if (keep === 'release') await execution.release();
      else await execution.hold();
    } finally {
      // Does nothing after one of the above; what they throw leaves the outcome unknown.
      await execution.hold();
    }
  }

  #keepOf(outcome: WorkOutcome) {
    const { storeResult } = this.#keeper.options;
    if (storeResult === undefined) {
      if (outcome.ok) return 'store';
      return isSafeToRetry(outcome.error) ? 'release' : 'hold';
    }
    try {
      const cause = outcome.ok ? undefined : outcome.error;
      return checkKeep(storeResult(outcome), 'idempotency.storeResult', cause);
    } catch (error) {
      hookFailed(this.#keeper, 'storeResult', error);
      throw error;
    }
  }

  #nested(): IdempotencyConflictError {
    const { runtime } = this.#keeper;
    const { dependency } = runtime;
    const how = 'nested';
    emit<IdempotencyOpenedEvent>(runtime, { type: 'idempotency.opened', dependency, how });
    return new IdempotencyConflictError({ name: dependency, why: how });
  }

  #encoded(value: unknown, what: string): string {
    return encodeValue(value, this.#keeper.options.maxResultLength, what);
  }

  #decoded(result: string): unknown {
    const decoded = decodeValue(result);
    if (decoded.kind === 'value') return decoded.value;
    const name = this.#keeper.runtime.dependency;
    throw new IdempotencyConflictError({ name, why: decoded.kind });
  }
}

/** Work that goes on without the store: nothing is kept of it. */
function unprotected(key: string, id: string): Execution<unknown> {
  const steps = new Steps(() => Promise.resolve());
  return {
    key,
    attempt: 1,
    signal: new AbortController().signal,
    transaction: undefined,
    step: (name, work) => steps.run(name, work),
    points: steps.points,
    keyFor: (name) => derivedKey(id, name),
  };
}

/** @throws TypeError for what cannot be compared, before anything has been asked of the store. */
function payloadFingerprint(payload: unknown): string {
  try {
    return fingerprintOf(payload);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`idempotent.payload must be JSON or bytes: ${why}`, { cause });
  }
}
