import { custom } from '../core/custom.ts';
import { keyed } from '../core/keyed.ts';
import { classify } from '../core/classify.ts';
import { type pipeline, pipelineOn } from '../core/pipeline.ts';
import type { Policy } from '../core/policy.ts';
import { bulkhead } from '../policies/bulkhead/bulkhead.ts';
import { circuitBreaker } from '../policies/circuit-breaker/circuit-breaker.ts';
import { deadline } from '../policies/deadline/deadline.ts';
import { fallback } from '../policies/fallback/fallback.ts';
import { retryBudget } from '../policies/retry-budget/retry-budget.ts';
import { retry } from '../policies/retry/retry.ts';
import { timeout } from '../policies/timeout/timeout.ts';
import { checkRuntime, type Runtime } from '../runtime/runtime.ts';
import { dependency } from './dependency.ts';

/** Every factory, under its usual name and with its usual type. */
export interface BoundFactories {
  readonly bulkhead: typeof bulkhead;
  readonly circuitBreaker: typeof circuitBreaker;
  readonly classify: typeof classify;
  readonly custom: typeof custom;
  readonly deadline: typeof deadline;
  readonly dependency: typeof dependency;
  readonly fallback: typeof fallback;
  readonly keyed: typeof keyed;
  readonly pipeline: typeof pipeline;
  readonly retry: typeof retry;
  readonly retryBudget: typeof retryBudget;
  readonly timeout: typeof timeout;
}

/**
 * All factories, bound to a runtime: for tests and simulations, in which the code of production then
 * runs as it is written.
 *
 * ```ts
 * const { dependency } = withRuntime(testRuntime());
 * ```
 *
 * @throws TypeError for a runtime that is not whole.
 */
export function withRuntime(runtime: Runtime): BoundFactories {
  checkRuntime(runtime, 'withRuntime');
  return {
    bulkhead: (options, own = runtime) => bulkhead(options, own),
    circuitBreaker: (options, own = runtime) => circuitBreaker(options, own),
    classify,
    custom: (name, run, own = runtime) => custom(name, run, own),
    deadline: (options, own = runtime) => deadline(options, own),
    dependency: ((name: string, options: never, own: Runtime = runtime) =>
      dependency(name, options, own)) as never,
    fallback: (options, own = runtime) => fallback(options, own),
    keyed: (create, options, own = runtime) => keyed(create, options, own),
    pipeline: ((...policies: readonly Policy[]) =>
      pipelineOn(runtime, policies)) as typeof pipeline,
    retry: (options, own = runtime) => retry(options, own),
    retryBudget: (options, own = runtime) => retryBudget(options, own),
    timeout: (options, own = runtime) => timeout(options, own),
  };
}
