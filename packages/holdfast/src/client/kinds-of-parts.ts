import type { KindsOf } from '../core/kinds.ts';
import { BREAKER_KINDS, circuitBreakerOptions } from '../policies/circuit-breaker/options.ts';
import { BUDGET_KINDS, retryBudgetOptions } from '../policies/retry-budget/options.ts';
import { BACKOFF_JITTERS, BACKOFF_KINDS, backoffOptions } from '../policies/retry/options.ts';

/** Which options of one part of `dependency()` only some of its kinds look at. */
export interface PartKinds {
  /** The keys that lead to the part. */
  readonly path: readonly string[];
  /** The option that says which kind it is, and its default, which no preset replaces. */
  readonly by: string;
  readonly usual: string;
  readonly kindsOf: KindsOf;
}

/** All of them. */
export const KINDS_OF_PARTS: readonly PartKinds[] = [
  {
    path: ['breaker'],
    by: 'kind',
    usual: circuitBreakerOptions.kind.default!,
    kindsOf: BREAKER_KINDS,
  },
  {
    path: ['retry', 'budget'],
    by: 'kind',
    usual: retryBudgetOptions.kind.default!,
    kindsOf: BUDGET_KINDS,
  },
  {
    path: ['retry', 'backoff'],
    by: 'jitter',
    usual: backoffOptions.jitter.default!,
    kindsOf: BACKOFF_JITTERS,
  },
  {
    path: ['retry', 'backoff'],
    by: 'kind',
    usual: backoffOptions.kind.default!,
    kindsOf: BACKOFF_KINDS,
  },
];
