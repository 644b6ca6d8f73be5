import type { EngineEvent } from '../core/events.ts';
import type { IdempotencyEvent } from '../idempotency/telemetry.ts';
import type { BulkheadEvent } from '../policies/bulkhead/telemetry.ts';
import type { CircuitBreakerEvent } from '../policies/circuit-breaker/telemetry.ts';
import type { DeadlineEvent } from '../policies/deadline/telemetry.ts';
import type { FallbackEvent } from '../policies/fallback/telemetry.ts';
import type { RetryBudgetEvent } from '../policies/retry-budget/telemetry.ts';
import type { RetryEvent } from '../policies/retry/telemetry.ts';
import type { TimeoutEvent } from '../policies/timeout/telemetry.ts';
import type { FetchEvent } from './telemetry.ts';

export type * from '../idempotency/telemetry.ts';

/** Everything that Holdfast tells; tell them apart by `type`. */
export type HoldfastEvent =
  | EngineEvent
  | BulkheadEvent
  | CircuitBreakerEvent
  | DeadlineEvent
  | FallbackEvent
  | FetchEvent
  | IdempotencyEvent
  | RetryBudgetEvent
  | RetryEvent
  | TimeoutEvent;
