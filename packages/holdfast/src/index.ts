// Protecting calls
export { dependency, type Dependency } from './client/dependency.ts';
export { grpcClassifier } from './client/grpc.ts';
export { discardAnswer, type HttpAnswer, httpClassifier, httpClassifierOf } from './client/http.ts';
export {
  type DependencyOptions,
  dependencyOptions,
  type DependencyRetryOptions,
  type PresetName,
} from './client/options.ts';
export {
  type Gathered,
  optional,
  type OptionalPart,
  type Part,
  partial,
} from './client/partial.ts';
export { metrics } from './client/metrics.ts';
export { preset } from './client/presets.ts';

// Policies, to compose freely
export { classify } from './core/classify.ts';
export { custom, type CustomContext } from './core/custom.ts';
export { type Keyed, keyed, type KeyedOptions } from './core/keyed.ts';
export {
  type ClassifyPolicy,
  type MissingClassifier,
  pipeline,
  type Pipeline,
  type TypedPolicy,
} from './core/pipeline.ts';
export { type Bulkhead, bulkhead } from './policies/bulkhead/bulkhead.ts';
export { type BulkheadOptions, bulkheadOptions } from './policies/bulkhead/options.ts';
export { type CircuitBreaker, circuitBreaker } from './policies/circuit-breaker/circuit-breaker.ts';
export {
  type CircuitBreakerOptions,
  circuitBreakerOptions,
} from './policies/circuit-breaker/options.ts';
export { type CircuitState } from './policies/circuit-breaker/state.ts';
export { deadline } from './policies/deadline/deadline.ts';
export { type DeadlineOptions, deadlineOptions } from './policies/deadline/options.ts';
export { fallback } from './policies/fallback/fallback.ts';
export {
  type FallbackOptions,
  fallbackOptions,
  type FallbackReason,
} from './policies/fallback/options.ts';
export { retry } from './policies/retry/retry.ts';
export {
  type BackoffOptions,
  type RetryNotice,
  type RetryOptions,
  retryOptions,
} from './policies/retry/options.ts';
export { type RetryBudget, retryBudget } from './policies/retry-budget/retry-budget.ts';
export { type RetryBudgetOptions, retryBudgetOptions } from './policies/retry-budget/options.ts';
export { timeout } from './policies/timeout/timeout.ts';
export { type TimeoutOptions, timeoutOptions } from './policies/timeout/options.ts';
export { type BoundFactories, withRuntime } from './client/with-runtime.ts';

// What calls are made of
export type { Settled } from './core/policy.ts';
export type { Duration } from './core/duration.ts';
export type { Result } from './core/edge.ts';
export {
  type Attempt,
  type CallOptions,
  type Criticality,
  type Operation,
  pending,
} from './core/operation.ts';
export type {
  AttemptRecord,
  Classifier,
  Judgement,
  Outcome,
  StoppedBy,
  Verdict,
} from './core/outcome.ts';

// What can be watched
export type {
  HoldfastEvent,
  IdempotencyEndedEvent,
  IdempotencyEvent,
  IdempotencyLeaseLostEvent,
  IdempotencyOpenedEvent,
  IdempotencyReconciledEvent,
  IdempotencySettledEvent,
  IdempotencyStoreFailedEvent,
  IdempotencyHookFailedEvent,
  IdempotencyStoreWarnedEvent,
} from './client/events.ts';
export type { BodyFailedEvent, FetchEvent } from './client/telemetry.ts';
export type {
  AttemptSettledEvent,
  CallSettledEvent,
  EngineEvent,
  SettledTwiceEvent,
} from './core/events.ts';
export type { MetricDescriptor } from './core/metrics.ts';
export type {
  BulkheadEvent,
  BulkheadRefusedEvent,
  BulkheadZombieEvent,
} from './policies/bulkhead/telemetry.ts';
export type {
  CircuitBreakerEvent,
  CircuitRefusedEvent,
  CircuitStateChangedEvent,
} from './policies/circuit-breaker/telemetry.ts';
export type { DeadlineEvent, DeadlineExceededEvent } from './policies/deadline/telemetry.ts';
export type {
  FallbackEvent,
  FallbackFailedEvent,
  FallbackUsedEvent,
} from './policies/fallback/telemetry.ts';
export type {
  RetryBudgetEvent,
  RetryBudgetExhaustedEvent,
} from './policies/retry-budget/telemetry.ts';
export type {
  RetryEvent,
  RetryScheduledEvent,
  RetryStoppedEvent,
} from './policies/retry/telemetry.ts';
export type { TimeoutEvent, TimeoutExpiredEvent } from './policies/timeout/telemetry.ts';

// Errors
export {
  AttemptTimeoutError,
  BulkheadFullError,
  CircuitOpenError,
  DeadlineExceededError,
  ERROR_STATUS,
  type ErrorClasses,
  type ErrorCode,
  type ErrorDetails,
  type ErrorOf,
  HoldfastError,
  isHoldfastError,
  RetriesExhaustedError,
  RetryBudgetExhaustedError,
} from './core/errors.ts';

// The world, to hand in another
export { type Clock, TimerNode, type TimerOwner } from './runtime/clock.ts';
export { type Random, seededRandom } from './runtime/random.ts';
export {
  type ContextKeeper,
  type ContextVariable,
  noContext,
  type Runtime,
  type RuntimeEvent,
} from './runtime/runtime.ts';
export { systemRuntime } from './runtime/system.ts';
