import { bulkheadByLittlesLaw } from './bulkhead-by-littles-law.ts';
import { breakerNeverOpens } from './breaker-never-opens.ts';
import { budgetFloorsAddUp } from './budget-floors-add-up.ts';
import { cooldownShorterThanRecovery } from './cooldown-shorter-than-recovery.ts';
import { doubleRetry } from './double-retry.ts';
import { equalJitter } from './equal-jitter.ts';
import { fixedInterval } from './fixed-interval.ts';
import { keyNotRemembered } from './key-not-remembered.ts';
import { livenessAsksDependency } from './liveness-asks-dependency.ts';
import { loadExceedsCapacity } from './load-exceeds-capacity.ts';
import { missingDeadline } from './missing-deadline.ts';
import { missingTimeout } from './missing-timeout.ts';
import { noBudget } from './no-budget.ts';
import { noFallback } from './no-fallback.ts';
import { noJitter } from './no-jitter.ts';
import { poolByLittlesLaw } from './pool-by-littles-law.ts';
import { probesHerd } from './probes-herd.ts';
import { queueOutlivesDeadline } from './queue-outlives-deadline.ts';
import { retentionShorterThanRetries } from './retention-shorter-than-retries.ts';
import { retriesMultiply } from './retries-multiply.ts';
import { retryHorizonShorterThanRecovery } from './retry-horizon-shorter-than-recovery.ts';
import type { Rule } from './rule.ts';
import { sequenceDoesNotFit } from './sequence-does-not-fit.ts';
import { severalRetryOwners } from './several-retry-owners.ts';
import { sharedBreaker } from './shared-breaker.ts';
import { shutdownBudget } from './shutdown-budget.ts';
import { timeoutInversion } from './timeout-inversion.ts';
import { timeoutTooShort } from './timeout-too-short.ts';
import { triesDoNotFit } from './tries-do-not-fit.ts';
import { unboundedRetryConcurrency } from './unbounded-retry-concurrency.ts';
import { unlimitedAttempts } from './unlimited-attempts.ts';
import { unsafeRetry } from './unsafe-retry.ts';

/** All that the audit looks for on the call graph. What is wrong inside a mesh's files is found as they are read. */
export const RULES: readonly Rule[] = [
  // How retries multiply.
  retriesMultiply,
  doubleRetry,
  severalRetryOwners,
  noBudget,
  budgetFloorsAddUp,
  unlimitedAttempts,
  unboundedRetryConcurrency,
  // What is repeated, and when.
  unsafeRetry,
  keyNotRemembered,
  retentionShorterThanRetries,
  noJitter,
  equalJitter,
  fixedInterval,
  // Time.
  missingTimeout,
  timeoutTooShort,
  missingDeadline,
  timeoutInversion,
  sequenceDoesNotFit,
  triesDoNotFit,
  // Breakers and recovery.
  breakerNeverOpens,
  sharedBreaker,
  probesHerd,
  cooldownShorterThanRecovery,
  retryHorizonShorterThanRecovery,
  noFallback,
  // Room.
  loadExceedsCapacity,
  bulkheadByLittlesLaw,
  poolByLittlesLaw,
  queueOutlivesDeadline,
  // Operations.
  shutdownBudget,
  livenessAsksDependency,
];

/** An `accept` of the spec that accepts nothing; it is found when all rules have been looked at. */
export const ACCEPT_WITHOUT_FINDING = {
  id: 'accept-without-finding',
  severity: 'warning',
  looksFor: 'An `accept` in the spec that matches no finding',
  why: 'The finding that it was for is gone, or its rule or place is misspelt. It would silence a later finding that nobody has looked at.',
} as const;
