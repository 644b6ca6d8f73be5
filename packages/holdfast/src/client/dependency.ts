import type { Plan, Policy } from '../core/policy.ts';
import { classify } from '../core/classify.ts';
import { bothSinks } from '../core/events.ts';
import { Problems, show } from '../core/options.ts';
import { shared, withSharedParts } from '../core/shared-options.ts';
import type { Classifier } from '../core/outcome.ts';
import { type Pipeline, PolicyPipeline } from '../core/pipeline.ts';
import { planned } from '../core/plan.ts';
import { type Bulkhead, bulkhead } from '../policies/bulkhead/bulkhead.ts';
import {
  circuitBreaker,
  type CircuitBreaker,
} from '../policies/circuit-breaker/circuit-breaker.ts';
import { deadline } from '../policies/deadline/deadline.ts';
import { deadlineOptions } from '../policies/deadline/options.ts';
import { fallback } from '../policies/fallback/fallback.ts';
import { retryBudget } from '../policies/retry-budget/retry-budget.ts';
import { retryOptions } from '../policies/retry/options.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeoutOptions } from '../policies/timeout/options.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { systemRuntime } from '../runtime/system.ts';
import { complete } from './complete.ts';
import { explain } from './explain.ts';
import { grpcClassifier } from './grpc.ts';
import { discardAnswer, type HttpAnswer, httpClassifierOf } from './http.ts';
import { dependencyOptions, type DependencyOptions, type ParsedDependency } from './options.ts';

/**
 * One logical upstream (a service, a shard, a tenant's cell), with all that protects calls to it. `In`
 * is what its classifier understands, `F` what its fallback answers. A dependency over HTTP is a
 * `Dependency<HttpAnswer>`; any dependency fits `Dependency<never, unknown>`.
 */
export interface Dependency<in In = unknown, out F = never> extends Pipeline<In, F> {
  /** Its name in errors, events and metrics. */
  readonly name: string;
  /** The breaker, to ask and to operate; null if it was left out. */
  readonly breaker: CircuitBreaker | null;
  /** Whether a registry may forget it: its breaker is closed, nothing runs, and nothing waits to be tried again. */
  readonly evictable: boolean;
  /** Its time and randomness, its name, and who hears its events. */
  readonly runtime: Runtime;
  /** The policy in words, with the most attempts and the longest time of one call. */
  explain(): string;
  /**
   * Another one with the same name, options and listeners, and a state of its own: its breaker,
   * budget, bulkhead and kept answers know nothing of this one's. For the shards or cells of one
   * upstream: a sibling takes a microsecond, and half the memory of one made by `dependency()`.
   */
  sibling(): Dependency<In, F>;
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
 * Every policy but the fallback is on with its defaults, unless it is set to `false`. Never share a
 * dependency between upstreams: their failures would count as each other's.
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
// The first one again: where options fit no overload, the compiler says how they fail the last.
export function dependency<In, F = never>(
  name: string,
  options: DependencyOptions<F> & { readonly classify: Classifier<In> },
  runtime?: Runtime,
): Dependency<In, F>;
export function dependency(
  name: string,
  options: object,
  runtime: Runtime = systemRuntime,
): Dependency<never, unknown> {
  if (typeof name !== 'string' || name === '') {
    throw new TypeError(`dependency: the name must be a non-empty string, got ${show(name)}`);
  }
  checkRuntime(runtime, `dependency('${name}')`);
  const parsed = parse(name, options);
  const own = ownRuntime(name, parsed, runtime);
  return new ProtectedDependency(...planned(inSafeOrder(parsed, own), own), parsed) as never;
}

/** The options behind a dependency, for adapters; null for one that was not made here. */
export function optionsOf(it: Dependency<never, unknown>): ParsedDependency | null {
  return (it as Partial<ProtectedDependency>).options ?? null;
}

/**
 * The same dependency with another listener, `sink`, which hears of the attempts and ends of the calls
 * that are made by it. The two share breaker, budget, bulkhead and kept answers; only how long an
 * attempt usually takes, each learns for itself.
 *
 * @throws TypeError for one that was not made by `dependency()`.
 */
export function heardBy<In, F>(
  it: Dependency<In, F>,
  sink: NonNullable<Runtime['sink']>,
): Dependency<In, F> {
  if (!(it instanceof ProtectedDependency)) {
    throw new TypeError('heardBy: it must be made by dependency()');
  }
  const { plan, policies, options } = it;
  // Events tell durations, so calls that are listened to need the clock, even if others do not.
  const heard = { ...plan, runtime: { ...plan.runtime, sink }, needsClock: true };
  return new ProtectedDependency(heard, policies, options) as never;
}

class ProtectedDependency extends PolicyPipeline {
  /** As parsed; see `optionsOf`. */
  readonly options: ParsedDependency;

  constructor(plan: Plan, policies: readonly Policy[], options: ParsedDependency) {
    super(plan, policies);
    this.options = options;
  }

  get name(): string {
    return this.runtime.dependency;
  }

  get runtime(): Runtime {
    return this.plan.runtime;
  }

  get breaker(): CircuitBreaker | null {
    return find(this, 'circuit-breaker') as CircuitBreaker | null;
  }

  get evictable(): boolean {
    const slots = find(this, 'bulkhead') as Bulkhead | null;
    const isIdle = this.waiting === 0 && slots?.evictable !== false;
    return isIdle && this.breaker?.evictable !== false;
  }

  sibling(): ProtectedDependency {
    const policies = this.policies.map((policy) => policy.sibling?.() ?? policy);
    return new ProtectedDependency(this.plan, policies, this.options);
  }

  override snapshot(): Record<string, unknown> {
    return { dependency: this.name, ...super.snapshot() };
  }

  explain(): string {
    return explain(this.name, this.options);
  }
}

function find({ policies }: PolicyPipeline, kind: string): Policy | null {
  return policies.find((policy) => policy.kind === kind) ?? null;
}

function parse(name: string, given: unknown): ParsedDependency {
  const path = `dependency('${name}')`;
  const problems = new Problems();
  const options = complete(given, path, problems);
  const { classify: own, protocol, retry: again } = options;
  if (own === undefined && protocol === 'none' && again !== null) {
    problems.other(
      `${path}.classify is needed to retry: say what outcomes mean, or name a protocol ('http', 'grpc'), or set retry to false`,
    );
  }
  problems.throwAny();
  return withSharedParts(dependencyOptions, options);
}

/**
 * The order is the point: see `dependency`. As parsed, options have those of every kind, so no type of the
 * factories' fits; `shared` keeps the factories from parsing them again.
 */
function inSafeOrder(options: ParsedDependency, runtime: Runtime): Policy[] {
  const { deadline: whole, bulkhead: slots, breaker, timeout: limit } = options;
  const policies = [
    classifierOf(options, runtime),
    fallbackOf(options, runtime),
    whole === null ? null : deadline(shared(deadlineOptions, { after: whole }), runtime),
    ...retriesOf(options, runtime),
    slots && bulkhead(slots, runtime),
    breaker && circuitBreaker(breaker as never, runtime),
    limit === null ? null : timeout(shared(timeoutOptions, { after: limit }), runtime),
  ];
  return policies.filter((policy) => policy !== null);
}

function fallbackOf({ fallback: wanted }: ParsedDependency, runtime: Runtime): Policy | null {
  return wanted && fallback(wanted as never, runtime);
}

function retriesOf({ retry: wanted }: ParsedDependency, runtime: Runtime): Policy[] {
  if (wanted === null) return [];
  const { budget, ...options } = wanted;
  const retries = retry(shared(retryOptions, options) as never, runtime);
  return budget === null ? [retries] : [retries, retryBudget(budget as never, runtime)];
}

function classifierOf({ classify: own, protocol }: ParsedDependency, { clock }: Runtime): Policy {
  // Even with a classifier of the user's own: answers may hold a socket.
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
      // Only where nothing is retried (see `parse`): that may be all there is to say.
      return ({ ok }) => (ok ? 'success' : 'transient');
  }
}

/** The same runtime, with this dependency's name, its own randomness, and its listener. */
function ownRuntime(name: string, { onEvent }: ParsedDependency, runtime: Runtime): Runtime {
  const { clock, random, context, diagnostics, sink } = runtime;
  // Field by field: a copy by `...` takes more room, and a process may have ten thousand.
  return {
    clock,
    random: random.fork(name),
    context,
    dependency: name,
    diagnostics,
    sink: bothSinks(sink, onEvent ?? null),
  };
}
