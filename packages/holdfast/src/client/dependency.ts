import type { Policy, Settled } from '../core/policy.ts';
import { classify } from '../core/classify.ts';
import type { Result } from '../core/edge.ts';
import { bothSinks } from '../core/events.ts';
import type { Attempt, CallOptions, Operation } from '../core/operation.ts';
import { Problems } from '../core/options.ts';
import { withSharedParts } from '../core/shared-options.ts';
import type { Classifier } from '../core/outcome.ts';
import { type Pipeline, PolicyPipeline } from '../core/pipeline.ts';
import { type Bulkhead, bulkhead } from '../policies/bulkhead/bulkhead.ts';
import {
  circuitBreaker,
  type CircuitBreaker,
} from '../policies/circuit-breaker/circuit-breaker.ts';
import { deadline } from '../policies/deadline/deadline.ts';
import { fallback } from '../policies/fallback/fallback.ts';
import { retryBudget } from '../policies/retry-budget/retry-budget.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { complete } from './complete.ts';
import { explain } from './explain.ts';
import { grpcClassifier } from './grpc.ts';
import { discardAnswer, type HttpAnswer, httpClassifierOf } from './http.ts';
import { dependencyOptions, type DependencyOptions, type ParsedDependency } from './options.ts';

/**
 * One logical upstream, a service, a shard, a tenant's cell, with all that protects calls to it.
 * `In` is what its classifier understands, `F` what its fallback answers.
 */
export interface Dependency<In = unknown, F = never> extends Pipeline<In, F> {
  /** As in errors, events and metrics. */
  readonly name: string;
  /** The breaker, to ask and to operate; null if it was left out. */
  readonly breaker: CircuitBreaker | null;
  /** A registry may forget it: its breaker is closed and nothing runs. */
  readonly evictable: boolean;
  /** Its time and randomness, its name, and who hears its events. */
  readonly runtime: Runtime;
  /** The policy in words, with the most attempts and the longest time of one call. */
  explain(): string;
}

/**
 * Protects calls to one upstream, in the one order that is safe:
 *
 * fallback > deadline > retry > retry budget > bulkhead > breaker > attempt timeout > operation
 *
 * ```ts
 * const stock = dependency('stock', {
 *   classify: (o) => (o.ok ? 'success' : o.error instanceof DeadlockError ? 'transient' : 'terminal'),
 * });
 * const rows = await stock.call(({ signal }) => db.query(sql, { signal }), { idempotent: true });
 * ```
 *
 * Every policy is on with its default unless it is set to `false`. Never share one between
 * upstreams: their failures would count as each other's.
 *
 * @param name appears in errors, events and metrics.
 * @throws TypeError, RangeError for wrong options, all of them at once.
 */
export function dependency<In, F = never>(
  name: string,
  options: DependencyOptions<F> & { readonly classify: Classifier<In> },
  runtime?: Runtime,
): Dependency<In, F>;
export function dependency<F = never>(
  name: string,
  options: DependencyOptions<F> & ({ readonly protocol: 'http' } | { readonly preset: 'http' }),
  runtime?: Runtime,
): Dependency<HttpAnswer, F>;
export function dependency<F = never>(
  name: string,
  options: DependencyOptions<F> & ({ readonly protocol: 'grpc' } | { readonly retry: false }),
  runtime?: Runtime,
): Dependency<unknown, F>;
export function dependency(
  name: string,
  options: object,
  runtime: Runtime = systemRuntime,
): Dependency<never, unknown> {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError('dependency: the name must be a non-empty string');
  }
  const parsed = parse(name, options);
  return new ProtectedDependency(name, parsed, ownRuntime(name, parsed, runtime)) as never;
}

/** The options behind a dependency, for adapters; null for one that was not made here. */
export function optionsOf(it: Dependency<never, unknown>): ParsedDependency | null {
  return (it as Partial<ProtectedDependency>).options ?? null;
}

class ProtectedDependency {
  readonly name: string;
  readonly breaker: CircuitBreaker | null;
  readonly runtime: Runtime;
  readonly #slots: Bulkhead | null;
  /** As parsed; see `optionsOf`. */
  readonly options: ParsedDependency;
  readonly #pipeline: PolicyPipeline;

  constructor(name: string, options: ParsedDependency, runtime: Runtime) {
    const { breaker, bulkhead: slots } = options;
    this.name = name;
    this.runtime = runtime;
    this.options = options;
    this.breaker = breaker && circuitBreaker(breaker, runtime);
    this.#slots = slots && bulkhead(slots, runtime);
    const policies = inSafeOrder(options, this.#slots, this.breaker, runtime);
    this.#pipeline = new PolicyPipeline(policies, runtime);
  }

  get evictable(): boolean {
    return this.breaker?.evictable !== false && (this.#slots?.inFlight ?? 0) === 0;
  }

  call(operation: Operation, options?: CallOptions): Promise<unknown> {
    return this.#pipeline.call(operation, options);
  }

  tryCall(operation: Operation, options?: CallOptions): Promise<Result<unknown>> {
    return this.#pipeline.tryCall(operation, options);
  }

  start(operation: Operation, done: (settled: Settled) => void, options?: CallOptions): void {
    this.#pipeline.start(operation, done, options);
  }

  wrap<Args extends readonly unknown[]>(
    operation: (attempt: Attempt, ...args: Args) => unknown,
    options?: CallOptions,
  ): (...args: Args) => Promise<unknown> {
    return this.#pipeline.wrap(operation, options);
  }

  snapshot(): Record<string, unknown> {
    return { dependency: this.name, ...this.#pipeline.snapshot() };
  }

  explain(): string {
    return explain(this.name, this.options);
  }
}

function parse(name: string, given: unknown): ParsedDependency {
  const path = `dependency('${name}')`;
  const problems = new Problems();
  const options = complete(given, path, problems);
  const { classify: own, protocol, retry: again } = options;
  if (own === undefined && protocol === 'none' && again !== null) {
    problems.other(
      `${path}.classify is needed to retry: say what outcomes mean, or set retry to false`,
    );
  }
  problems.throwAny();
  return withSharedParts(dependencyOptions, options);
}

/** The order is the point: see `dependency`. */
function inSafeOrder(
  options: ParsedDependency,
  slots: Bulkhead | null,
  breaker: CircuitBreaker | null,
  runtime: Runtime,
): Policy[] {
  const { deadline: whole, timeout: limit } = options;
  const policies = [
    classifierOf(options, runtime),
    fallbackOf(options, runtime),
    whole === null ? null : deadline(whole, runtime),
    ...retriesOf(options, runtime),
    slots,
    breaker,
    limit === null ? null : timeout(limit, runtime),
  ];
  return policies.filter((policy) => policy !== null);
}

function fallbackOf({ fallback: wanted }: ParsedDependency, runtime: Runtime): Policy | null {
  if (wanted === null) return null;
  return fallback({ ...wanted, stale: wanted.stale ?? false }, runtime);
}

function retriesOf({ retry: wanted }: ParsedDependency, runtime: Runtime): Policy[] {
  if (wanted === null) return [];
  const { budget, ...options } = wanted;
  const retries = retry(options, runtime);
  return budget === null ? [retries] : [retries, retryBudget(budget, runtime)];
}

function classifierOf({ classify: own, protocol }: ParsedDependency, { clock }: Runtime): Policy {
  // Whoever says what answers mean, they may hold a socket.
  return classify(own ?? usualClassifier(protocol, clock), discardAnswer);
}

function usualClassifier(
  protocol: ParsedDependency['protocol'],
  clock: Runtime['clock'],
): Classifier<never> {
  switch (protocol) {
    case 'http':
      return httpClassifierOf(clock);
    case 'grpc':
      return grpcClassifier;
    case 'none':
      // Where nothing is retried, that may be all there is to say.
      return ({ ok }) => (ok ? 'success' : 'transient');
  }
}

/** The same runtime, with this dependency's name, its own randomness, and its listener. */
function ownRuntime(name: string, { onEvent }: ParsedDependency, runtime: Runtime): Runtime {
  const { clock, random, context, diagnostics, sink } = runtime;
  // Field by field, since a copy by `...` takes more room, and a process may have ten thousand.
  return {
    clock,
    random: random.fork(name),
    context,
    dependency: name,
    diagnostics,
    sink: bothSinks(sink, (onEvent ?? null) as Runtime['sink']),
  };
}
